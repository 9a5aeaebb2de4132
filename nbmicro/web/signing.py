"""The signature of a session cookie, by itsdangerous, with what stays the same from cookie to cookie computed once."""

from __future__ import annotations

import binascii
import hmac
import time
import zlib
from collections.abc import Iterator
from typing import Any

from itsdangerous import TimestampSigner
from itsdangerous.encoding import want_bytes
from itsdangerous.signer import SigningAlgorithm
from itsdangerous.url_safe import URLSafeTimedSerializer

SMALL = 2000
"""Up to how many bytes a small compressor packs as tightly as a large one, without its 40 µs of setting up."""

_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")


class OneShotHMAC(SigningAlgorithm):
    """HMAC (RFC 2104), computed in one call."""

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

    Parameters are those of :class:`itsdangerous.url_safe.URLSafeTimedSerializer`; later changes to its keys are not
    seen.
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
        text = want_bytes(self.serializer.dumps(obj, **self.serializer_kwargs))
        compressed = _compress(text)
        return b"." + _encode(compressed) if len(compressed) < len(text) - 1 else _encode(text)

    def dumps(self, obj: Any, salt: str | bytes | None = None) -> Any:
        """Sign ``obj``: payload, time and signature, with dots between them."""
        signer = self.make_signer(salt)
        moment = int(time.time())
        value = b"%b.%b" % (self.dump_payload(obj), _encode(moment.to_bytes((moment.bit_length() + 7) // 8, "big")))
        signature = signer.algorithm.get_signature(signer.derive_key(), value)
        return (b"%b.%b" % (value, _encode(signature))).decode("ascii")

    def loads(  # type: ignore[override]  # as itsdangerous has it
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
        if not return_timestamp and self.is_text_serializer:
            text = self._good_text(s, max_age, self.make_signer(salt))
            if text is not None:
                try:
                    return self.serializer.loads(text)
                except ValueError:
                    pass  # reported below, in itsdangerous' words
        return super().loads(s, max_age, return_timestamp, salt)

    @staticmethod
    def _good_text(s: str | bytes, max_age: int | None, signer: CookieSigner) -> Any:
        """The text in a cookie that is certainly signed with one of the keys and young enough; None for any other."""
        try:
            signed = s.encode("ascii") if isinstance(s, str) else s
            value, signature = signed.rsplit(b".", 1)
            payload, moment = value.rsplit(b".", 1)
            age = int(time.time()) - int.from_bytes(_decode(moment), "big")
            if age < 0 or (max_age is not None and age > max_age):
                return None
            for key in reversed(signer.secret_keys):
                expected = _encode(signer.algorithm.get_signature(signer.derive_key(key), value))
                if hmac.compare_digest(expected, signature):
                    break
            else:
                return None
            text = zlib.decompress(_decode(payload[1:])) if payload[:1] == b"." else _decode(payload)
            return text.decode("utf-8")
        except (ValueError, zlib.error):
            return None


def _encode(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_FROM_BASE64).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return binascii.a2b_base64(text.translate(_TO_BASE64) + b"=" * (-len(text) % 4))


def _compress(text: bytes) -> bytes:
    if len(text) > SMALL:
        return zlib.compress(text)
    compressor = zlib.compressobj(6, zlib.DEFLATED, 13, 5)
    compressed = compressor.compress(text) + compressor.flush()
    # The first two bytes tell the size of the window; these are zlib's for the size it has by default.
    return b"\x78\x9c" + compressed[2:]
