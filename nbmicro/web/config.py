"""An app's configuration: a dict that can be filled from objects, files and the environment."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar, overload

from werkzeug.utils import import_string

if TYPE_CHECKING:
    from nbmicro.web.setup import Setup


T = TypeVar("T")

_NOT_A_FILE = frozenset({errno.ENOENT, errno.EISDIR, errno.ENOTDIR})


def debug_wanted() -> bool:
    """Whether the environment asks for debug mode: ``NBMICRO_DEBUG``, else ``FLASK_DEBUG``."""
    value = os.environ.get("NBMICRO_DEBUG") or os.environ.get("FLASK_DEBUG") or ""
    return bool(value) and value.lower() not in {"0", "false", "no"}


class ConfigAttribute(Generic[T]):
    """An attribute of an app that is kept in its configuration.

    Parameters
    ----------
    name:
        The key in the configuration.
    get_converter:
        Applied to the value when the attribute is read.
    """

    def __init__(self, name: str, get_converter: Callable[[Any], T] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    @overload
    def __get__(self, obj: None, owner: Any = None) -> ConfigAttribute[T]: ...
    @overload
    def __get__(self, obj: Setup, owner: Any = None) -> T: ...

    def __get__(self, obj: Setup | None, owner: Any = None) -> ConfigAttribute[T] | T:
        if obj is None:
            return self
        value = obj.config[self.__name__]
        if self.get_converter is not None:
            return self.get_converter(value)
        kept: T = value
        return kept

    def __set__(self, obj: Setup, value: Any) -> None:
        obj.config[self.__name__] = value


class Config(dict[str, Any]):
    """A dict of settings. What fills it takes keys in capitals only, so that other names beside them do no harm.

    Parameters
    ----------
    root_path:
        The folder that relative file names start from.
    defaults:
        The first settings.
    """

    def __init__(self, root_path: str | os.PathLike[str], defaults: dict[str, Any] | None = None) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Run the Python file that an environment variable names.

        Parameters
        ----------
        variable_name:
            The variable.
        silent:
            Whether a missing variable, or file, is skipped.

        Returns
        -------
        bool
            Whether there was something to read.

        Raises
        ------
        RuntimeError
            The variable is not set.
        OSError
            The file cannot be read.
        """
        name = os.environ.get(variable_name)
        if name:
            return self.from_pyfile(name, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"The environment variable {variable_name!r} is not set, so the configuration could not be loaded. "
            "Set it to the name of a configuration file."
        )

    def from_prefixed_env(self, prefix: str = "FLASK", *, loads: Callable[[str], Any] = json.loads) -> bool:
        """Take the environment variables that begin with ``prefix`` and an underscore, in alphabetical order.

        Parameters
        ----------
        prefix:
            What they begin with; it is left out of the key. Two underscores in the rest reach into dicts:
            ``FLASK_DB__host`` sets ``config["DB"]["host"]``.
        loads:
            Reads each value; where it raises, the value is the text itself.
        """
        prefix = f"{prefix}_"
        for variable in sorted(os.environ):
            if not variable.startswith(prefix):
                continue
            text = os.environ[variable]
            try:
                value = loads(text)
            except Exception:  # whatever the given reader raises
                value = text
            key = variable.removeprefix(prefix)
            target: dict[str, Any] = self
            if "__" in key:
                *folders, key = key.split("__")
                for folder in folders:
                    target = target.setdefault(folder, {})
            target[key] = value
        return True

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Run a Python file and take its names in capitals.

        Parameters
        ----------
        filename:
            The file, relative to the root path.
        silent:
            Whether a missing file is skipped.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        path = Path(self.root_path, filename)
        try:
            source = path.read_bytes()
        except OSError as error:
            return self._missing(error, silent)
        module = ModuleType("config")
        module.__file__ = str(path)
        exec(compile(source, path, "exec"), module.__dict__)
        self.from_object(module)
        return True

    def from_object(self, obj: object | str) -> None:
        """Take the attributes in capitals of an object: usually a module or a class. It is not called.

        Parameters
        ----------
        obj:
            The object, or its import name (``"shop.settings"``, ``"shop.settings:Production"``).

        Raises
        ------
        ImportError
            Nothing has that import name.
        """
        if isinstance(obj, str):
            obj = import_string(obj)
        for key in dir(obj):
            if key.isupper():
                self[key] = getattr(obj, key)

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[IO[Any]], Mapping[str, Any]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Take the keys in capitals of what ``load`` reads from a file.

        Parameters
        ----------
        filename:
            The file, relative to the root path.
        load:
            Reads a mapping from the open file: ``json.load``, ``tomllib.load``.
        silent:
            Whether a missing file is skipped.
        text:
            Whether the file is opened as text (UTF-8) or, as ``tomllib`` wants it, as bytes.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        path = Path(self.root_path, filename)
        try:
            with path.open(encoding="utf-8") if text else path.open("rb") as file:
                settings = load(file)
        except OSError as error:
            return self._missing(error, silent)
        return self.from_mapping(settings)

    def from_mapping(self, mapping: Mapping[str, Any] | None = None, **kwargs: Any) -> bool:
        """Take the keys in capitals of a mapping and of the keywords."""
        for key, value in {**dict(mapping or {}), **kwargs}.items():
            if key.isupper():
                self[key] = value
        return True

    def get_namespace(self, namespace: str, lowercase: bool = True, trim_namespace: bool = True) -> dict[str, Any]:
        """The settings whose keys begin with ``namespace``.

        Parameters
        ----------
        namespace:
            What the keys begin with: ``"IMAGE_STORE_"``.
        lowercase:
            Whether the keys of the result are in lower case, as keyword arguments are.
        trim_namespace:
            Whether the keys of the result leave ``namespace`` out.
        """
        found = {}
        for name, value in self.items():
            if name.startswith(namespace):
                key = name.removeprefix(namespace) if trim_namespace else name
                found[key.lower() if lowercase else key] = value
        return found

    @staticmethod
    def _missing(error: OSError, silent: bool) -> bool:
        """False where a missing file is skipped; else the error again, saying what the file was for."""
        if silent and error.errno in _NOT_A_FILE:
            return False
        error.strerror = f"Unable to load configuration file ({error.strerror})"
        raise error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict.__repr__(self)}>"
