"""The environments that other tools keep beside a file of requests: named sets of variables, and their files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbmicro.errors import LoadError
from nbmicro.http.body import NotTextError, read_text_file
from nbmicro.language.address import is_loopback_url

SHARED = "$shared"
_SECRET = re.compile(
    r"token|secret|passw|pwd|passphrase|pass$|(?:^|[-_.])pw$"
    r"|api[-_.]?key|access[-_.]?key|private[-_.]?key|signing[-_.]?key"
    r"|credential|auth(?:orization)?$|bearer|jwt|cookie|session[-_.]?id|connection[-_.]?string",
    re.IGNORECASE,
)
# `tokenUrl` and `auth_type` say where and how, not what.
_HARMLESS = re.compile(r"(?:ur[il]|host|endpoint|path|type|name|header|expiry|expires|ttl|issuer)$", re.IGNORECASE)
# What is a secret by its looks, whatever its name is.
_SECRET_VALUES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Credentials with their scheme.
        r"\A(?:Bearer|Basic|Token|ApiKey)\s+[^\s{]",
        # An address with a password, or with a key in the place of the name.
        r"[a-z][a-z0-9+.-]*://(?:[^/\s:@{]*:[^/\s@{]+|[0-9a-f]{16,})@",
        # A connection string: `Server=db;Password=…`, `AccountName=a;AccountKey=…`.
        r"(?:\A|[;\s?&])(?:password|pwd|passwd|account_?key|shared_?access_?(?:key|signature)|access_?key|secret_?key|"
        r"secret|api_?key|client_?secret)\s*=\s*[^;&\s{]",
        # An address whose query is signed, or holds a key.
        r"://\S*[?&](?:sig|signature|token|access_?token|auth|key|code|x-amz-signature)=[^&\s{]{6,}",
        # A web hook: who knows the address may write.
        r"://(?:[^/\s]*\.)?(?:hooks?\.[^/\s]+|webhook[^/\s]*\.[^/\s]+|maker\.ifttt\.com)/\S",
        r"://\S*/(?:[\w-]*web)?hooks?/\S*[\w-]{16,}",
        r"://api\.telegram\.org/bot\d+:",
        # A private key in PEM.
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
        # Tokens of well-known kinds.
        r"\AeyJ[\w-]{10,}\.",
        r"\A(?:sk|pk|rk|gh[a-z]|github_pat|glpat|xox[a-z]|xapp|AKIA|ASIA|AIza|ya29|npm|pypi|hf|dop_v1|shp[a-z]{2}|SG)"
        r"[-_.A-Za-z0-9]{16,}\Z",
    )
)
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_ONLY_REFERENCES = re.compile(
    r"\s*(?:Bearer\s+|Basic\s+)?\{\{\s*\$(?:processEnv|dotenv)\s[^}]*\}\}\s*\Z", re.IGNORECASE
)
_MOST_NESTED = 20
_SETTINGS = "rest-client.environmentVariables"
# JetBrains' client keeps these beside the variables of an environment.
_NO_VARIABLES = frozenset({"SSLConfiguration", "Security"})
# Comments, and then commas at the end, which VS Code takes in its settings; strings are skipped.
_STRING = r'("(?:\\.|[^"\\])*")'
_LAX = (re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL), re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL))


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """A file of environments; ``is_private`` where it is kept out of the repository."""

    name: str
    environments: Mapping[str, Mapping[str, object]]
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class GivenValue:
    """What an environment gives a name; ``value`` may hold placeholders that only a request can fill."""

    value: object = field(repr=False)
    file: str
    is_secret: bool

    @property
    def is_literal(self) -> bool:
        return self.is_secret or not (isinstance(self.value, str) and "{{" in self.value)


def find_environment_files(folder: Path) -> list[EnvironmentFile]:
    """The environment files that count for requests in ``folder``; of those it returns later ones win.

    They are VS Code's settings for its REST Client, ``http-client.env.json`` of Visual Studio and JetBrains (with
    ``rest-client.env.json``, its old name), ``http-client.env.json.user`` and ``http-client.private.env.json``; each in
    the folder or in the nearest one above it.

    Raises
    ------
    LoadError
        One of them cannot be read, or is no JSON.
    """
    found: list[EnvironmentFile] = []
    for names, private in (
        (("settings.json",), False),
        (("http-client.env.json", "rest-client.env.json"), False),
        (("http-client.env.json.user",), True),
        (("http-client.private.env.json", "rest-client.private.env.json"), True),
    ):
        for path in _candidates(folder, names):
            content = _read(path)
            environments = _environments(content.get(_SETTINGS) if path.name == "settings.json" else content)
            if environments or path.name != "settings.json":
                found.append(EnvironmentFile(_shown(path), environments, private))
                break
    return found


def _candidates(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        for name in names:
            path = place / ".vscode" / name if name == "settings.json" else place / name
            if path.is_file():
                yield path


def _shown(path: Path) -> str:
    return f".vscode/{path.name}" if path.name == "settings.json" else path.name


def _read(path: Path) -> dict[str, object]:
    try:
        text = read_text_file(path)
        plain = text
        for lax in _LAX:
            # A comment leaves its lines behind, so that an error names the right one.
            plain = lax.sub(lambda found: found[1] or "\n" * found[0].count("\n"), plain)
        content = json.loads(plain)
    except json.JSONDecodeError as error:
        if path.name == "settings.json" and _SETTINGS not in text:
            return {}
        raise LoadError(f"it is no JSON: {error.msg}.", where=_shown(path), line=error.lineno) from None
    except NotTextError as error:
        raise LoadError(f"{path} cannot be read: it {error}.", hint="Save it as UTF-8.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(f"{path} cannot be read: {reason}.") from None
    return content if isinstance(content, dict) else {}


def _environments(content: object) -> dict[str, dict[str, object]]:
    if not isinstance(content, dict):
        return {}
    return {
        name: {key: value for key, value in variables.items() if key not in _NO_VARIABLES}
        for name, variables in content.items()
        if isinstance(variables, dict)
    }


def environment_names(files: Iterable[EnvironmentFile]) -> list[str]:
    """The names of all environments in the order of the files; ``$shared`` is part of each."""
    return list(dict.fromkeys(name for file in files for name in file.environments if name != SHARED))


def merged(files: Sequence[EnvironmentFile], chosen: str | None) -> dict[str, GivenValue]:
    """The variables of the environment ``chosen``; without one those of ``$shared``.

    A later file wins over an earlier one, and the environment over ``$shared``, as in Visual Studio.
    """
    shared = dict(_given(files, SHARED))
    found = shared | dict(_given(files, chosen or SHARED))
    return {
        name: GivenValue(_filled(given.value, found, shared, 0), given.file, given.is_secret)
        for name, given in found.items()
    }


def _given(files: Sequence[EnvironmentFile], environment: str) -> Iterator[tuple[str, GivenValue]]:
    for file in files:
        for name, value in file.environments.get(environment, {}).items():
            yield name, GivenValue(value, file.name, _is_secret(name, value, file.is_private))


def _is_secret(name: str, value: object, private: bool) -> bool:
    if isinstance(value, str) and _ONLY_REFERENCES.match(value):
        return False
    if is_provided(value) or looks_secret(name) or is_secret_value(value):
        return True
    # An address of this computer means the notebook's app; everybody may see it.
    return private and not isinstance(value, bool) and not is_loopback_url(_with_scheme(str(value)))


def _with_scheme(text: str) -> str:
    return text if "://" in text else f"http://{text}"


def looks_secret(name: str) -> bool:
    """Whether a name is one that people give to a secret: ``apiKey``, ``DB_PASSWORD``; not ``tokenUrl``."""
    return _SECRET.search(name) is not None and _HARMLESS.search(name) is None


def is_secret_value(value: object) -> bool:
    """Whether a value is a secret by its looks: a token, a connection string, the address of a web hook, a key in PEM.

    An address of this computer is none, unless it has a password.
    """
    if not isinstance(value, str):
        return False
    found = [pattern for pattern in _SECRET_VALUES if pattern.search(value)]
    return bool(found) and not (is_loopback_url(value) and "@" not in value.partition("?")[0])


def is_provided(value: object) -> bool:
    """Whether Visual Studio would get the value from a store of secrets: an object with a ``provider``."""
    return isinstance(value, dict) and isinstance(value.get("provider"), str)


def _filled(value: object, found: Mapping[str, GivenValue], shared: Mapping[str, GivenValue], depth: int) -> object:
    """A text with the values of other variables in place, where these are no secrets."""
    if not isinstance(value, str) or depth > _MOST_NESTED:
        return value

    def fill(placeholder: re.Match[str]) -> str:
        word, _, argument = placeholder[1].partition(" ")
        name = argument.strip() if word == SHARED else placeholder[1]
        other = (shared if word == SHARED else found).get(name)
        if other is None or other.is_secret:
            return f"{{{{{name}}}}}" if word == SHARED else placeholder[0]
        return str(_filled(other.value, found, shared, depth + 1))

    return _PLACEHOLDER.sub(fill, value)


def is_read(name: str, text: str) -> bool:
    """Whether a placeholder of ``text`` reads the variable: ``{{name}}``, ``{{name.part}}``, ``{{$dotenv %name}}``."""
    pattern = rf"\{{\{{\s*(?:\$\w+\s+|str\()?%?{re.escape(name)}(?=[\s.\[}})])"
    return re.search(pattern, text) is not None
