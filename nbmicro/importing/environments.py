"""The environments that other tools keep beside a file of requests: named sets of variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
# What is a secret by its looks: credentials with their scheme, an address with a password, keys of well-known kinds.
_SECRET_VALUE = re.compile(
    r"(?:Bearer|Basic)\s+\S|\w+://[^/\s]*:[^/\s]*@|eyJ[\w-]{10,}\.|(?:sk|pk|gh[a-z]|xox[a-z]|AKIA)[-_A-Za-z0-9]{16,}\Z"
)
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_ONLY_REFERENCES = re.compile(
    r"\s*(?:Bearer\s+|Basic\s+)?\{\{\s*\$(?:processEnv|dotenv)\s[^}]*\}\}\s*\Z", re.IGNORECASE
)
_MOST_NESTED = 20


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
    if is_provided(value) or looks_secret(name) or (isinstance(value, str) and _SECRET_VALUE.match(value)):
        return True
    # An address of this computer means the notebook's app; everybody may see it.
    return private and not isinstance(value, bool) and not is_loopback_url(_with_scheme(str(value)))


def _with_scheme(text: str) -> str:
    return text if "://" in text else f"http://{text}"


def looks_secret(name: str) -> bool:
    """Whether a name is one that people give to a secret: ``apiKey``, ``DB_PASSWORD``; not ``tokenUrl``."""
    return _SECRET.search(name) is not None and _HARMLESS.search(name) is None


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
    pattern = rf"\{{\{{\s*(?:\$\w+\s+)?%?{re.escape(name)}(?=[\s.\[}}])"
    return re.search(pattern, text) is not None
