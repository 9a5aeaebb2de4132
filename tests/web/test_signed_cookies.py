"""Session cookies are signed and read as itsdangerous does, by a shorter way."""

from __future__ import annotations

import hashlib
import random
import time
from typing import Any

import pytest
from itsdangerous import BadSignature, HMACAlgorithm, SignatureExpired, URLSafeTimedSerializer

from nbmicro.web.signing import SMALL, CookieSerializer

NOW = 1_700_000_000
OPTIONS: dict[str, Any] = {"salt": "a salt", "signer_kwargs": {"key_derivation": "hmac"}}


def _values() -> list[Any]:
    """Values on both sides of what is compressed, and of what a small compressor packs."""
    chance = random.Random(1)
    words = [f"{chance.getrandbits(60):x}" for _ in range(400)]
    sizes = (1, 2, 3, 8, 30, 100, 180, 390)
    values: list[Any] = [{}, {"n": 1}, "", "é☃", *({"w": " ".join(words[:size])} for size in sizes)]
    values += [{"w": "ab" * size} for size in range(1, 24)]
    return [*values, *("x" * size for size in range(SMALL - 6, SMALL + 6)), "y" * 9000]


@pytest.fixture(autouse=True)
def _a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))


def test_a_cookie_is_the_one_that_itsdangerous_signs() -> None:
    ours, theirs = CookieSerializer("key", **OPTIONS), URLSafeTimedSerializer("key", **OPTIONS)
    for value in _values():
        assert ours.dumps(value) == theirs.dumps(value), value


@pytest.mark.parametrize("moment", [0, 1, 255, 256, 65_535, 65_536, 1 << 31, 1 << 40])
def test_a_time_has_the_bytes_that_itsdangerous_gives_it(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr(time, "time", lambda: float(moment))
    ours, theirs = CookieSerializer("key", **OPTIONS), URLSafeTimedSerializer("key", **OPTIONS)
    cookie = theirs.dumps("x")
    assert ours.dumps("x") == cookie
    assert ours.loads(cookie, 0) == "x"


def test_a_good_cookie_is_read_by_the_shorter_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """With each of the keys, as text and bytes, up to the last second of its age."""
    cookies = [(value, URLSafeTimedSerializer(key, **OPTIONS).dumps(value)) for value in _values() for key in "ab"]

    def longer(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the longer way")

    monkeypatch.setattr(URLSafeTimedSerializer, "loads", longer)
    ours = CookieSerializer(["a", "b"], **OPTIONS)
    for age, max_age in ((0, None), (0, 0), (60, 60), (60, 61)):
        monkeypatch.setattr(time, "time", lambda later=NOW + age: float(later))
        for value, cookie in cookies:
            assert ours.loads(cookie, max_age) == value
            assert ours.loads(cookie.encode(), max_age) == value  # type: ignore[union-attr]


def test_what_is_no_good_cookie_is_rejected_in_the_words_of_itsdangerous(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = CookieSerializer(["a", "b"], **OPTIONS)
    cookie = str(ours.dumps({"n": 1}))
    payload, moment, signature = cookie.split(".")
    old = ".".join((payload, moment, str(CookieSerializer("c", **OPTIONS).dumps({"n": 1})).split(".")[2]))
    longer = [cookie[:-1], cookie[1:], f"{cookie}A", f".{cookie}", f"{payload}.{signature}", "..", ".", old]
    for wrong in [*longer, f"{payload}.{moment}A.{signature}", f"{payload}..{signature}", f"{payload}.{moment}."]:
        with pytest.raises(BadSignature):
            ours.loads(wrong)
    assert ours.loads(cookie, 60, return_timestamp=True)[1].timestamp() == NOW
    with pytest.raises(BadSignature):
        ours.loads(cookie, salt="another")
    for age in (61, -1):
        monkeypatch.setattr(time, "time", lambda later=NOW + age: float(later))
        with pytest.raises(SignatureExpired):
            ours.loads(cookie, 60)


def test_an_algorithm_that_is_given_signs() -> None:
    options = {
        "salt": "a salt",
        "signer_kwargs": {"key_derivation": "hmac", "algorithm": HMACAlgorithm(hashlib.sha512)},
    }
    cookie = CookieSerializer("key", **options).dumps({"n": 1})
    assert cookie == URLSafeTimedSerializer("key", **options).dumps({"n": 1})
    assert CookieSerializer("key", **options).loads(cookie) == {"n": 1}
