"""Cookies are kept and sent as a browser on the same machine keeps and sends them (RFC 6265)."""

from __future__ import annotations

import time

import pytest

from nbmicro.http.cookies import JAR_COOKIES, JAR_SIZE, CookieJar, read_cookie
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord


def _jar(*lines: str, host: str = "localhost", path: str = "/a/b") -> CookieJar:
    jar = CookieJar()
    jar.take(list(lines), host, path)
    return jar


def test_a_cookie_goes_back_to_its_host_and_path_alone() -> None:
    jar = _jar("a=1; Path=/shop")
    assert jar.header("localhost", "/shop/cart") == "a=1"
    assert jar.header("localhost", "/shop") == "a=1"
    assert jar.header("localhost", "/shopping") == ""
    assert jar.header("other.example", "/shop") == ""


def test_without_a_path_it_is_the_folder_of_the_request() -> None:
    jar = _jar("a=1")
    assert jar.header("localhost", "/a/x") == "a=1"
    assert jar.header("localhost", "/b") == ""


def test_the_longest_path_comes_first() -> None:
    assert _jar("short=1; Path=/", "long=2; Path=/a/b").header("localhost", "/a/b/c") == "long=2; short=1"


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-5", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_ended_is_forgotten(end: str) -> None:
    jar = _jar("a=1; Path=/")
    jar.take([f"a=; Path=/; {end}"], "localhost", "/")
    assert len(jar) == 0


def test_a_cookie_ends_while_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    jar = _jar("a=1; Path=/; Max-Age=60")
    assert "a" in jar
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert "a" not in jar
    assert jar.header("localhost", "/") == ""


def test_max_age_wins_over_expires() -> None:
    assert "a" in _jar("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60")


def test_a_secure_cookie_is_sent_on_the_loopback_and_not_to_another_host_without_tls() -> None:
    assert _jar("a=1; Secure; Path=/").header("localhost", "/") == "a=1"
    assert _jar("a=1; Secure; Path=/", host="shop.example").header("shop.example", "/") == ""


def test_a_cookie_for_another_site_is_refused() -> None:
    assert read_cookie("a=1; Domain=example.com", "localhost", "/") is None
    assert read_cookie("nothing", "localhost", "/") is None


def test_a_cookie_for_a_domain_goes_to_its_hosts() -> None:
    jar = _jar("a=1; Domain=.shop.example; Path=/", host="www.shop.example")
    assert jar.header("shop.example", "/") == jar.header("api.shop.example", "/") == "a=1"
    assert jar.header("notshop.example", "/") == ""


def test_a_cookie_may_be_put_in_read_and_taken_out_by_name() -> None:
    jar = CookieJar()
    jar.set("theme", "dark")
    assert (jar["theme"], jar.get("none"), list(jar), len(jar), bool(jar)) == ("dark", None, ["theme"], 1, True)
    del jar["theme"]
    assert not jar
    with pytest.raises(KeyError):
        jar["theme"]


def test_a_jar_shows_names_and_no_values() -> None:
    jar = CookieJar()
    jar.set("session", "secret")
    assert repr(jar) == "<CookieJar: session>"


def test_cookies_without_end_are_bound_and_the_newest_stay() -> None:
    jar = CookieJar()
    for number in range(JAR_COOKIES + 500):
        jar.take([f"n{number}=1; Path=/"], "localhost", "/")
    assert len(jar) == JAR_COOKIES
    assert f"n{JAR_COOKIES + 499}" in jar
    assert "n0" not in jar
    for number in range(100):
        jar.take([f"large{number}={'x' * (JAR_SIZE // 10)}; Path=/"], "localhost", "/")
    assert sum(map(len, jar.values())) <= JAR_SIZE
    assert "large99" in jar


def test_a_requests_own_cookie_wins_over_the_jars() -> None:
    """The one of its name alone; the others of the jar go along, and the jar stays as it was."""
    jar = _jar("a=jar; Path=/", "b=jar; Path=/", "ab=jar; Path=/")
    for brought, sent in (
        ("a=own", "a=own; b=jar; ab=jar"),
        ("x=1; a=own", "x=1; a=own; b=jar; ab=jar"),
        ("a = own;b=own", "a = own;b=own; ab=jar"),
        ("A=own", "A=own; a=jar; b=jar; ab=jar"),
        ("a=own; b=own; ab=own", "a=own; b=own; ab=own"),
    ):
        request, host = jar.added_to(RequestRecord("GET", "/", HeaderFields([("X", "y"), ("cookie", brought)])))
        assert request.headers.getlist("Cookie") == [sent]
        assert request.headers["X"] == "y"
        assert host == "localhost"
    assert jar["a"] == "jar"


def test_a_cookie_goes_to_the_host_that_the_request_names() -> None:
    jar = _jar("a=1; Path=/", host="shop.example")
    for named, sent in (("shop.example", "a=1"), ("Shop.Example:8000", "a=1"), ("other.example", None)):
        request, host = jar.added_to(RequestRecord("GET", "/", HeaderFields([("Host", named)])))
        assert request.headers.get("Cookie") == sent
        assert host == named.partition(":")[0].lower()
    assert jar.added_to(RequestRecord("GET", "/", HeaderFields()))[0].headers.get("Cookie") is None


def test_a_script_neither_sets_nor_replaces_what_is_for_http_only() -> None:
    jar = _jar("kept=1; Path=/; HttpOnly", "seen=1; Path=/")
    for line in ("kept=2; Path=/", "mine=2; Path=/; HttpOnly", "seen=2; Path=/", "new=2; Path=/"):
        jar.take([line], "localhost", "/", from_script=True)
    assert {name: jar[name] for name in jar} == {"kept": "1", "seen": "2", "new": "2"}
    assert jar.header("localhost", "/", for_script=True) == "seen=2; new=2"
    assert jar.header("localhost", "/") == "kept=1; seen=2; new=2"
    jar.take(["kept=3; Path=/; HttpOnly"], "localhost", "/")
    assert jar["kept"] == "3"


def test_a_cookie_that_is_put_in_goes_to_every_path_of_its_host_alone() -> None:
    jar = CookieJar()
    jar.set("a", "1")
    jar.set("b", "2", domain="shop.example")
    assert jar.header("shop.example", "/") == "b=2"
    assert jar.header("localhost", "/any/path") == "a=1"
    assert jar.header("shop.localhost", "/") == ""
    assert jar.header("localhost", "/", for_script=True) == "a=1"
    jar.clear()
    assert not jar


def test_a_cookie_lives_as_many_seconds_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    jar = _jar("one=1; Max-Age=1; Path=/", "none=1; Max-Age=0; Path=/", "odd=1; Max-Age=x; Path=/", "-=1; Max-Age=-1")
    assert list(jar) == ["one", "odd"]
    monkeypatch.setattr(time, "time", lambda: 1001.0)
    assert list(jar) == ["odd"]
    assert jar.header("localhost", "/") == "odd=1"


def test_a_line_that_is_no_cookie_hides_none_of_those_behind_it() -> None:
    assert list(_jar("no cookie", "a=1; Domain=other.example", "=1", "b=2; Path=/")) == ["b"]


def test_without_a_path_a_cookie_of_a_page_at_the_top_goes_everywhere() -> None:
    assert _jar("a=1", path="/top").header("localhost", "/other/page") == "a=1"
    assert _jar("a=1; Path=relative", path="/top").header("localhost", "/other/page") == "a=1"
