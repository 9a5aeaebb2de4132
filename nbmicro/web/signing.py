"""The signature of a session cookie, by itsdangerous, with what stays the same from cookie to cookie computed once.

What lives here: a serializer whose cookies are those of itsdangerous' ``URLSafeTimedSerializer``, byte for byte. What
must not: sessions, keys of an app.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from typing import Any

from itsdangerous import TimestampSigner
from itsdangerous.signer import SigningAlgorithm
from itsdangerous.url_safe import URLSafeTimedSerializer

__all__ = ["CookieSerializer"]


class OneShotHMAC(SigningAlgorithm):
    """HMAC (RFC 2104), computed in one call.

    Parameters
    ----------
    digest_method:
        The hash.
    """

    def __init__(self, digest_method: Any) -> None:
        self.digest_method = digest_method

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """The signature of ``value`` with ``key``."""
        return hmac.digest(key, value, self.digest_method)


class CookieSigner(TimestampSigner):
    """A signer that derives each key once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._derived: dict[str | bytes | None, bytes] = {}
        if not kwargs.get("algorithm"):
            self.algorithm = OneShotHMAC(self.digest_method)

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """The key that signs, made of ``secret_key`` or the newest one."""
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived


class CookieSerializer(URLSafeTimedSerializer):
    """A serializer that makes its signer once.

    Parameters are those of :class:`itsdangerous.url_safe.URLSafeTimedSerializer`;
    later changes to its keys are not seen.
    """

    default_signer = CookieSigner

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signers: dict[Any, CookieSigner] = {}

    def make_signer(self, salt: str | bytes | None = None) -> CookieSigner:
        """The signer for ``salt``, or for the serializer's own."""
        return self._kept(salt, lambda: super(CookieSerializer, self).make_signer(salt))

    def iter_unsigners(self, salt: str | bytes | None = None) -> Iterator[TimestampSigner]:
        """The one signer: it verifies with every key."""
        yield self.make_signer(salt)

    def _kept(self, salt: Any, make: Callable[[], Any]) -> CookieSigner:
        signer = self._signers.get(salt)
        if signer is None:
            signer = self._signers[salt] = make()
        return signer
