"""What a handler prints, warns, logs and displays belongs to its exchange, also when several run at once."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest

import nbmicro
from nbmicro.client.capture import (
    LOG_LIMIT,
    LOG_TAIL,
    OUTPUT_LIMIT,
    TAIL_LIMIT,
    Capture,
    _handler,
    _stdout,
    current_capture,
)
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from tests.support.apps import calling, render_html, render_text


def _of(handler: Callable[[dict[str, Any]], Any]) -> Exchange:
    def app(environ: dict[str, Any]) -> Any:
        return handler(environ) or "done"

    return Client(calling(app)).get("/")


def test_prints_on_both_streams_are_kept_in_order_and_not_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(environ: dict[str, Any]) -> None:
        print("one", "two")
        print("three", file=sys.stderr)
        environ["wsgi.errors"].write("four\n")
        print("five")

    exchange = _of(handler)
    assert [(part.stream, part.text) for part in exchange.output] == [
        ("stdout", "one two\n"),
        ("stderr", "three\nfour\n"),
        ("stdout", "five\n"),
    ]
    assert capsys.readouterr() == ("", "")


def test_the_streams_are_as_they_were_afterwards() -> None:
    before = sys.stdout, sys.stderr, warnings.showwarning, list(logging.root.handlers)
    _of(lambda environ: print("x"))
    assert before == (sys.stdout, sys.stderr, warnings.showwarning, list(logging.root.handlers))


def test_the_streams_come_back_after_an_error_and_with_the_last_of_several_captures() -> None:
    stdout = sys.stdout
    first, second = Capture(), Capture()
    with contextlib.suppress(ZeroDivisionError), first:
        second.__enter__()
        second.__exit__(None, None, None)
        assert sys.stdout is not stdout
        raise ZeroDivisionError
    assert sys.stdout is stdout
    assert current_capture.get() is None


def test_text_after_the_capture_goes_where_it_went_before(capsys: pytest.CaptureFixture[str]) -> None:
    with Capture() as captured:
        kept = sys.stdout
    kept.write("late\n")
    assert capsys.readouterr().out == "late\n"
    assert captured.output == ()


def test_a_redirection_inside_a_handler_still_works() -> None:
    def handler(environ: dict[str, Any]) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as stream:
            print("inside")
        print("outside")
        return stream.getvalue()

    exchange = _of(handler)
    assert (exchange.text, exchange.printed) == ("inside\n", "outside\n")


def test_log_records_are_copied_and_the_users_handlers_get_theirs() -> None:
    stream = io.StringIO()
    mine = logging.StreamHandler(stream)
    logger = logging.getLogger("shop.cart")
    logger.addHandler(mine)
    try:
        exchange = _of(lambda environ: logger.warning("no price for %s", "SICP"))
    finally:
        logger.removeHandler(mine)
    assert [(line.level, line.logger, line.message) for line in exchange.logs] == [
        ("WARNING", "shop.cart", "no price for SICP")
    ]
    assert stream.getvalue() == "no price for SICP\n"


def test_a_log_record_that_a_handler_writes_to_stderr_is_said_once() -> None:
    def handler(environ: dict[str, Any]) -> None:
        mine = logging.StreamHandler()
        logger = logging.getLogger("shop.once")
        logger.addHandler(mine)
        try:
            logger.error("once")
            print("printed", file=sys.stderr)
        finally:
            logger.removeHandler(mine)

    exchange = _of(handler)
    assert [line.message for line in exchange.logs] == ["once"]
    assert exchange.printed == "printed\n"


def test_log_records_that_a_handler_writes_to_stderr_take_no_room_from_what_is_printed() -> None:
    def handler(environ: dict[str, Any]) -> None:
        mine = logging.StreamHandler()
        logger = logging.getLogger("shop.many")
        logger.addHandler(mine)
        try:
            for _ in range(40):
                logger.error("x" * 10_000)
            print("printed", file=sys.stderr)
        finally:
            logger.removeHandler(mine)

    exchange = _of(handler)
    assert len(exchange.logs) == 40
    assert exchange.printed == "printed\n"


@pytest.mark.parametrize("prints_between", [False, True])
def test_a_log_record_is_said_once_also_where_prints_have_filled_the_room(prints_between: bool) -> None:
    def handler(environ: dict[str, Any]) -> None:
        mine = logging.StreamHandler()
        logger = logging.getLogger("shop.full")
        logger.addHandler(mine)
        try:
            print("x" * OUTPUT_LIMIT + "y", file=sys.stderr)
            for number in range(3):
                logger.error("logged %d %s", number, "z" * 10_000)
                if prints_between:
                    print("printed", number, file=sys.stderr)
        finally:
            logger.removeHandler(mine)

    exchange = _of(handler)
    assert [line.message[:8] for line in exchange.logs] == ["logged 0", "logged 1", "logged 2"]
    assert "logged" not in exchange.printed
    assert exchange.printed.endswith("y\nprinted 0\nprinted 1\nprinted 2\n" if prints_between else "y\n")


def test_what_a_logger_writes_that_does_not_propagate_is_printed_where_there_is_no_room_too() -> None:
    def handler(environ: dict[str, Any]) -> None:
        logger = logging.Logger("alone")
        logger.addHandler(logging.StreamHandler())
        print("x" * (OUTPUT_LIMIT - 5), file=sys.stderr)
        logger.error("logged alone")
        logger.error("and once more")

    exchange = _of(handler)
    assert exchange.logs == ()
    assert exchange.printed.endswith("x\nlogged alone\nand once more\n")


@pytest.mark.parametrize("code", [500, 200])
def test_what_a_handler_logs_of_an_exception_is_kept_and_what_a_framework_reports_is_not(code: int) -> None:
    """The exception itself is told once: with its lines where the request failed of it, else behind the message."""
    app = nbmicro.App("shop.errors", static_folder=None)

    @app.errorhandler(ZeroDivisionError)
    def unpaid(error: ZeroDivisionError) -> tuple[str, int]:
        app.logger.error("order 7 could not be paid", exc_info=error)
        app.logger.error("plain")
        return "sorry", code

    @app.get("/")
    def pay() -> str:
        raise ZeroDivisionError("by nothing")

    exchange = Client(app).get("/")
    told = "" if code == 500 else " (ZeroDivisionError: by nothing)"
    assert [line.message for line in exchange.logs] == [f"order 7 could not be paid{told}", "plain"]
    assert (exchange.error is not None) == (code == 500)

    theirs = flask.Flask("theirs")
    theirs.logger.setLevel("ERROR")

    @theirs.get("/")
    def fail() -> str:
        theirs.logger.error("before")
        return str(1 // 0)

    assert [line.message for line in Client(theirs).get("/").logs] == ["before"]


def test_a_record_whose_logger_does_not_pass_it_on_stays_a_print() -> None:
    def handler(environ: dict[str, Any]) -> None:
        logger = logging.getLogger("shop.alone")
        logger.propagate = False
        mine = logging.StreamHandler()
        logger.addHandler(mine)
        try:
            logger.error("alone")
        finally:
            logger.removeHandler(mine)

    exchange = _of(handler)
    assert (exchange.logs, exchange.printed) == ((), "alone\n")


def test_the_level_that_the_user_set_decides() -> None:
    logger = logging.getLogger("captured.level")
    assert _of(lambda environ: logger.debug("quiet")).logs == ()
    logger.setLevel("DEBUG")
    assert [line.level for line in _of(lambda environ: logger.debug("loud")).logs] == ["DEBUG"]


def test_a_record_whose_arguments_do_not_fit_is_still_shown() -> None:
    captured = Capture()
    captured.log(logging.LogRecord("x", logging.ERROR, "x.py", 1, "%d", ("nan",), None))
    assert captured.logs()[0].message == "%d ('nan',)"


def _warning(environ: dict[str, Any]) -> None:
    warnings.warn("careful", stacklevel=1)


def test_a_warning_names_its_place_without_a_path_and_comes_again_each_time() -> None:
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("default")
        first, second = _of(_warning), _of(_warning)
    line = _warning.__code__.co_firstlineno + 1
    assert first.printed == second.printed == f"test_captures.py, line {line}: UserWarning: careful\n"


def test_whoever_records_warnings_still_gets_them() -> None:
    with pytest.warns(UserWarning, match="careful"):
        exchange = _of(_warning)
    assert "careful" in exchange.printed


def test_what_is_displayed_is_kept_where_the_host_puts_it() -> None:
    def handler(environ: dict[str, Any]) -> None:
        print("before")
        captured = current_capture.get()
        assert captured is not None
        captured.display({"text/plain": "a chart", "image/png": "…"})
        print("after")

    output = _of(handler).output
    assert [(part.stream, part.text) for part in output] == [
        ("stdout", "before\n"),
        ("display", "a chart\n"),
        ("stdout", "after\n"),
    ]
    assert output[1].bundle == {"text/plain": "a chart", "image/png": "…"}


def test_a_streams_prints_are_kept_while_it_is_read() -> None:
    def handler(environ: dict[str, Any]) -> Iterator[bytes]:
        for number in range(2):
            print("chunk", number)
            yield b"x"

    assert _of(handler).printed == "chunk 0\nchunk 1\n"


def test_a_request_inside_a_request_keeps_its_own() -> None:
    inner = Client(calling(lambda environ: print("inner") or "x"))

    def outer(environ: dict[str, Any]) -> str:
        print("before")
        text = inner.get("/").printed
        print("after")
        return text

    exchange = _of(outer)
    assert (exchange.text, exchange.printed) == ("inner\n", "before\nafter\n")


def _meeting(barrier: threading.Barrier) -> Callable[[dict[str, Any]], str]:
    def handler(environ: dict[str, Any]) -> str:
        name = environ["PATH_INFO"].strip("/")
        for number in range(30):
            barrier.wait(20)
            print(name, number)
            logging.getLogger("meeting").warning("%s %s", name, number)
            environ["wsgi.errors"].write(f"{name}\n")
        return "done"

    return handler


def _check_own(exchange: Exchange) -> None:
    name = exchange.request.path.strip("/")
    said = [line for part in exchange.output for line in part.text.splitlines()]
    assert [line for line in said if " " in line] == [f"{name} {number}" for number in range(30)]
    assert said.count(name) == 30
    assert [line.message for line in exchange.logs] == [f"{name} {number}" for number in range(30)]


def test_requests_in_several_threads_never_mix() -> None:
    count = 6
    client = Client(calling(_meeting(threading.Barrier(count))))
    stdout = sys.stdout
    threads = [threading.Thread(target=client.get, args=(f"/name{number}",)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(client.history) == count
    for exchange in client.history:
        _check_own(exchange)
    assert sys.stdout is stdout


def test_requests_of_several_tasks_never_mix() -> None:
    count = 4
    client = Client(calling(_meeting(threading.Barrier(count))))

    async def all_of_them() -> list[Exchange]:
        return await asyncio.gather(*(asyncio.to_thread(client.get, f"/task{number}") for number in range(count)))

    for exchange in asyncio.run(all_of_them()):
        _check_own(exchange)


def test_captures_of_interleaved_coroutines_never_mix() -> None:
    async def one(name: str) -> str:
        with Capture() as captured:
            for number in range(5):
                print(name, number)
                await asyncio.sleep(0)
        return "".join(part.text for part in captured.output)

    async def both() -> list[str]:
        return await asyncio.gather(one("a"), one("b"))

    assert asyncio.run(both()) == ["".join(f"{name} {number}\n" for number in range(5)) for name in "ab"]


def test_an_async_handler_prints_into_its_exchange() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    async def index() -> str:
        print("from a coroutine")
        return "x"

    assert Client(app).get("/").printed == "from a coroutine\n"


def test_a_handler_that_prints_without_end_is_cut() -> None:
    def handler(environ: dict[str, Any]) -> None:
        for _ in range(100):
            print("x" * 10_000)
        for _ in range(LOG_LIMIT + 10):
            logging.getLogger("flood").warning("y")

    exchange = _of(handler)
    assert OUTPUT_LIMIT - 10_001 <= len(exchange.printed) <= OUTPUT_LIMIT + TAIL_LIMIT + 100
    assert "\n… 73 more lines, which are not kept …\n" in exchange.printed
    assert len(exchange.logs) == LOG_LIMIT


@pytest.mark.parametrize("count", [40, 41, 42, 1_000, 100_000])
def test_of_many_lines_the_first_and_the_last_are_shown_and_the_others_counted(count: int) -> None:
    def handler(environ: dict[str, Any]) -> None:
        for number in range(count):
            print(number)

    exchange = _of(handler)
    shown = [line.partition("│ ")[2] for line in render_text(exchange).splitlines()[2:]]
    numbers = list(map(str, range(count)))
    assert shown == (numbers if count <= 41 else [*numbers[:30], f"… {count - 40:,} more lines", *numbers[-10:]])
    assert "\n".join(shown) in render_html(exchange)
    first, last = exchange.printed.split("\n")[:2], exchange.printed.split("\n")[-3:]
    assert (first, last) == (["0", "1"], [str(count - 2), str(count - 1), ""])
    if count <= 1_000:
        assert exchange.printed == "".join(f"{number}\n" for number in range(count))


def test_of_many_log_records_the_first_and_the_last_are_shown_and_the_others_counted() -> None:
    def handler(environ: dict[str, Any]) -> None:
        for number in range(3 * LOG_LIMIT):
            logging.getLogger("flood").warning("%d\nsecond line", number)

    exchange = _of(handler)
    messages = [f"{number}\nsecond line" for number in range(3 * LOG_LIMIT)]
    assert [line.message for line in exchange.logs] == messages[: LOG_LIMIT - LOG_TAIL] + messages[-LOG_TAIL:]
    assert exchange.unkept_log_lines == 4 * LOG_LIMIT
    shown = [line.partition("│ ")[2] for line in render_text(exchange).splitlines()[2:]]
    assert shown[30] == f"… {6 * LOG_LIMIT - 40:,} more lines"
    assert (shown[28], shown[-2]) == ("WARNING flood: 14", f"WARNING flood: {3 * LOG_LIMIT - 1}")
    assert shown[30] in render_html(exchange)


def test_one_line_without_end_is_kept_in_part() -> None:
    def handler(environ: dict[str, Any]) -> None:
        print("before")
        sys.stdout.write("x" * 2_000_000)
        print("end")

    printed = _of(handler).printed
    assert printed.startswith("before\n… and more, which is not kept …\nxxx")
    assert printed.endswith("xend\n")
    assert len(printed) < 2 * TAIL_LIMIT


def test_what_just_exceeds_the_room_is_kept_whole() -> None:
    """Nothing is said to be missing where nothing is, and each stream has an end of its own."""

    def handler(environ: dict[str, Any]) -> None:
        sys.stdout.write("x" * (OUTPUT_LIMIT - 10))
        print("between", file=sys.stderr)
        print("in the end")

    parts = [(part.stream, part.text, part.missing) for part in _of(handler).output]
    assert parts == [
        ("stdout", "x" * (OUTPUT_LIMIT - 10) + "in the end\n", None),
        ("stderr", "between\n", None),
    ]


def test_the_report_that_a_foreign_app_logs_of_its_error_is_the_error_and_no_log_line() -> None:
    app = flask.Flask("foreign")
    app.add_url_rule("/", view_func=lambda: 1 // 0)
    exchange = Client(app).get("/")
    assert exchange.error is not None
    assert (exchange.error.type, exchange.logs, exchange.output) == ("ZeroDivisionError", (), ())


def test_what_a_thread_prints_after_its_request_goes_where_it_would_without(capsys: pytest.CaptureFixture[str]) -> None:
    """A thread with the request's context that outlives it: its words are no part of the exchange, and are not lost."""
    ended, threads = threading.Event(), []

    def say(stream: Any) -> None:
        ended.wait(60)
        print("after", file=sys.stdout)
        print("kept stream", file=stream)
        print("after", file=sys.stderr)
        logging.getLogger("late").warning("late")

    def handler(environ: dict[str, Any]) -> None:
        print("during")
        thread = threading.Thread(target=contextvars.copy_context().run, args=(say, sys.stdout))
        thread.start()
        threads.append(thread)

    exchange = _of(handler)
    ended.set()
    threads[0].join(60)
    assert exchange.printed == "during\n"
    assert exchange.logs == ()
    printed = capsys.readouterr()
    assert printed.out == "after\nkept stream\n"
    assert "after\n" in printed.err


def test_captures_that_begin_and_end_in_many_threads_leave_the_streams_as_they_were() -> None:
    """Each begin and end counts once, whatever the others do meanwhile."""
    before = sys.stdout, sys.stderr, warnings.showwarning, list(logging.root.handlers)
    together, wrong = threading.Barrier(8), []

    def many(name: str) -> None:
        together.wait(60)
        for number in range(300):
            with Capture() as captured:
                print(name, number)
                inside = logging.root.handlers.count(_handler), sys.stdout is _stdout
            text = "".join(part.text for part in captured.output)
            if text != f"{name} {number}\n" or inside != (1, True):
                wrong.append((text, inside))

    threads = [threading.Thread(target=many, args=(f"thread {number}",)) for number in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert before == (sys.stdout, sys.stderr, warnings.showwarning, list(logging.root.handlers))
