"""What a request brings itself goes along when a redirect is followed: its cookies, and with curl's -X its method."""

from __future__ import annotations

import pytest

from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord
from nbmicro.http.redirects import Chain

GIVEN = RequestRecord("PUT", "/go", HeaderFields([("Cookie", "a=b; c=d"), ("X-A", "1")]), b"x")


def following(*answered: tuple[str, str], keep_method: bool = False) -> RequestRecord:
    """The request behind a redirect on the same host."""
    headers = HeaderFields([("Location", "/there"), *answered])
    found = Chain(GIVEN, None, keep_method=keep_method).next(GIVEN, 302, headers)
    assert found is not None
    return found


def test_cookies_that_it_brings_go_along_as_its_other_headers_do() -> None:
    assert dict(following().headers) == {"Cookie": "a=b; c=d", "X-A": "1"}


def test_a_cookie_that_the_answer_sets_takes_the_place_of_the_one_that_was_brought() -> None:
    assert following(("Set-Cookie", "a=new; Path=/")).headers.get("Cookie") == "c=d"


@pytest.mark.parametrize(("keep_method", "method"), [(False, "GET"), (True, "PUT")])
def test_the_method_stays_where_it_is_kept_and_the_body_does_not(keep_method: bool, method: str) -> None:
    found = following(keep_method=keep_method)
    assert (found.method, found.body) == (method, b"")
