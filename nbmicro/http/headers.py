"""Header fields: an ordered, immutable list of name and value that is also looked up by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

#: What stands for a secret.
MASK = "•••"
#: What stands for a value that is another one in every run.
CHANGING = "…"
#: Headers whose values are shown nowhere unless asked for (lower case).
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-authorization",
        "x-forwarded-access-token",
        "cookie",
        "set-cookie",
        "api-key",
        "apikey",
        "x-api-key",
        "x-apikey",
        "x-api-token",
        "x-api-secret",
        "x-app-key",
        "x-app-token",
        "x-application-key",
        "x-auth",
        "x-auth-key",
        "x-auth-token",
        "x-access-token",
        "x-refresh-token",
        "x-id-token",
        "x-session-token",
        "x-user-token",
        "x-secret",
        "x-secret-key",
        "x-client-secret",
        "x-service-token",
        "x-jwt-assertion",
        "csrf-token",
        "x-csrf-token",
        "x-csrftoken",
        "x-xsrf-token",
        "cf-access-client-secret",
        "cf-access-jwt-assertion",
        "circle-token",
        "dd-api-key",
        "dd-application-key",
        "deploy-token",
        "fastly-key",
        "job-token",
        "ocp-apim-subscription-key",
        "private-token",
        "stripe-signature",
        "x-algolia-api-key",
        "x-amz-security-token",
        "x-consul-token",
        "x-figma-token",
        "x-functions-key",
        "x-gitlab-token",
        "x-goog-api-key",
        "x-goog-iap-jwt-assertion",
        "x-hub-signature",
        "x-hub-signature-256",
        "x-master-key",
        "x-mbx-apikey",
        "x-plex-token",
        "x-postmark-server-token",
        "x-rapidapi-key",
        "x-redmine-api-key",
        "x-shopify-access-token",
        "x-vault-token",
    }
)


class HeaderFields(tuple[tuple[str, str], ...]):
    """The headers of a request or response, in the order they were sent (RFC 9110, section 5).

    A tuple of ``(name, value)`` pairs; a text index, ``in`` and :meth:`get` look a header up by its name, in any case::

        headers["content-type"]        # the first value; KeyError when there is none
        "Location" in headers
        headers.getlist("Set-Cookie")  # every value

    Shown, it keeps the values of secret headers to itself.
    """

    __slots__ = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> HeaderFields:
        """The same pairs as header fields; costs nothing when they are that already."""
        return pairs if isinstance(pairs, HeaderFields) else cls(pairs)

    @overload
    def __getitem__(self, key: str) -> str: ...
    @overload
    def __getitem__(self, key: SupportsIndex) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[tuple[str, str], ...]: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            value = self.get(key)
            if value is None:
                raise KeyError(key)
            return value
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None if isinstance(key, str) else super().__contains__(key)

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of the header ``name``, or ``default``."""
        wanted = name.lower()
        for key, value in self:
            if key.lower() == wanted:
                return value
        return default

    def getlist(self, name: str) -> list[str]:
        """Every value of the header ``name``, in order."""
        wanted = name.lower()
        return [value for key, value in self if key.lower() == wanted]

    def __repr__(self) -> str:
        return repr(tuple((name, MASK if name.lower() in SECRET_HEADERS else value) for name, value in self))
