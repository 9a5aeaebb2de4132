"""The signature of a session cookie, by itsdangerous, with what stays the same from cookie to cookie computed once.

What lives here: a serializer whose cookies are those of itsdangerous' ``URLSafeTimedSerializer`` (byte for byte, as
long as nothing is compressed). What must not: sessions, keys of an app.
"""

from __future__ import annotations

import binascii
import hmac
import time
import zlib
from collections.abc import Iterator
from typing import Any

from itsdangerous import TimestampSigner
from itsdangerous.encoding import base64_encode, int_to_bytes
from itsdangerous.serializer import Serializer
from itsdangerous.signer import SigningAlgorithm
from itsdangerous.url_safe import URLSafeTimedSerializer

__all__ = ["CookieSerializer"]

SMALL = 2000
"""Up to how many bytes a small compressor packs as tightly as a large one, without its 40 µs of setting up."""

_TO_BASE64 = bytes.maketrans(b"-_", b"+/")


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
    """A serializer for one app's cookies.

    Parameters are those of :class:`itsdangerous.url_safe.URLSafeTimedSerializer`; later changes to its keys are not seen.
    What is no good cookie is left to that class, which says what is wrong with it.
    """

    default_signer = CookieSigner

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signers: dict[Any, CookieSigner] = {}

    def make_signer(self, salt: str | bytes | None = None) -> CookieSigner:
        """The signer for ``salt``, or for the serializer's own."""
        signer = self._signers.get(salt)
        if signer is None:
            made: Any = super().make_signer(salt)
            signer = self._signers[salt] = made
        return signer

    def iter_unsigners(self, salt: str | bytes | None = None) -> Iterator[TimestampSigner]:
        """The one signer: it verifies with every key."""
        yield self.make_signer(salt)

    def dump_payload(self, obj: Any) -> bytes:
        """The text of ``obj``, compressed where that makes it shorter (marked by a dot), in URL-safe base 64."""
        text: bytes = Serializer.dump_payload(self, obj)
        compressed = _compress(text)
        if len(compressed) < len(text) - 1:
            return b"." + base64_encode(compressed)
        return base64_encode(text)

    def dumps(self, obj: Any, salt: str | bytes | None = None) -> Any:
        """Sign ``obj``: payload, time and signature, with dots between them."""
        signer = self.make_signer(salt)
        sep = signer.sep
        value = self.dump_payload(obj) + sep + base64_encode(int_to_bytes(int(time.time())))
        return (value + sep + base64_encode(self._sign(signer, value, signer.derive_key()))).decode("ascii")

    @staticmethod
    def _sign(signer: CookieSigner, value: bytes, key: bytes) -> bytes:
        return signer.algorithm.get_signature(key, value)

    def loads(
        self,
        s: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
        salt: str | bytes | None = None,
    ) -> Any:
        """Read what was signed.

        Parameters
        ----------
        s:
            The cookie's value.
        max_age:
            How many seconds old it may be; None for any age.
        return_timestamp:
            Whether to give the time of signing as well.
        salt:
            Instead of the serializer's own.

        Raises
        ------
        itsdangerous.BadData
            It was not signed with one of the keys, is too old, or holds no such value.
        """
        if not return_timestamp and self._is_good(s, max_age, salt):
            signed = s.encode("ascii") if isinstance(s, str) else s
            return self.load_payload(signed.rsplit(b".", 2)[0])
        return super().loads(s, max_age, return_timestamp, salt)

    def _is_good(self, s: str | bytes, max_age: int | None, salt: str | bytes | None) -> bool:
        """Whether the cookie is certainly signed by us and young enough."""
        signer = self.make_signer(salt)
        try:
            signed = s.encode("ascii") if isinstance(s, str) else s
            value, signature = signed.rsplit(signer.sep, 1)
            _, moment = value.rsplit(signer.sep, 1)
            age = int(time.time()) - int.from_bytes(_base64_decode(moment), "big")
        except ValueError:
            return False
        if age < 0 or (max_age is not None and age > max_age):
            return False
        return any(
            hmac.compare_digest(base64_encode(self._sign(signer, value, signer.derive_key(key))), signature)
            for key in reversed(signer.secret_keys)
        )


def _base64_decode(text: bytes) -> bytes:
    return binascii.a2b_base64(text.translate(_TO_BASE64) + b"=" * (-len(text) % 4))


def _compress(text: bytes) -> bytes:
    if len(text) > SMALL:
        return zlib.compress(text)
    compressor = zlib.compressobj(6, zlib.DEFLATED, 13, 5)
    compressed = compressor.compress(text) + compressor.flush()
    # The first two bytes tell the size of the window; these are zlib's for the size it has by default.
    return b"\x78\x9c" + compressed[2:]
