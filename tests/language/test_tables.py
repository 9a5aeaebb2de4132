"""What stands in a table of the request language is known everywhere, and what is added to one works at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from nbmicro.errors import RequestError
from nbmicro.export.request_text import RequestText, SentFiles
from nbmicro.language import options
from nbmicro.language.items import parse_line
from nbmicro.language.options import DIRECTIVES, LINE_OPTIONS, SETTINGS, Option, Options
from nbmicro.language.parser import parse_script
from nbmicro.language.sections import SECTIONS, Section
from nbmicro.language.syntax import Request, Script
from nbmicro.notebook import magics
from nbmicro.notebook.completion.cells import complete
from nbmicro.notebook.completion.known import Known
from nbmicro.runner.run import run_script
from start import ROOT
from tests.support.echo_app import echo, echo_client

HELP = magics.MAGICS["http"].help
REQUESTS = (ROOT / "docs" / "requests.md").read_text("utf-8")
MAGICS = (ROOT / "docs" / "magics.md").read_text("utf-8")

#: A line of each section, and what stands in the exported test for it.
LINES = {
    "Query": ("page: 2", 'query={"page": "2"}'),
    "Form": ("name: Ada", 'data={"name": "Ada"}'),
    "Multipart": ("photo: file,./a.png; image/png", '.joinpath("a.png"), "image/png")'),
    "Captures": ("code: status", "code = response.status"),
    "Asserts": ("status == 200", "assert response.status == 200"),
    "Options": ("user: ada:secret", 'auth="ada:secret"'),
}
#: Each option of a line, and what stands in the exported test for it; None if it only shows something.
WRITTEN = {
    "form": "data=",
    "auth": 'auth="ada:secret"',
    "follow": "follow=True",
    "quiet": None,
    "expect": ".expect == 201",
    "show": None,
    "timeout": "timeout=5.0",
    "reset": ".reset is True",
    "file": ".file == 'api.http'",
    "help": None,
}


def known() -> Known:
    return Known(lambda: echo, {}, helps={"http": options.with_options("%http URL OPTIONS\nEACH OPTION\n")})


def offered(cell: str, *, known: Known) -> list[str]:
    """What Tab offers at the end of a cell."""
    found = complete(cell, len(cell), known)
    return [offer.text for offer in found.offers] if found is not None else []


def exported(script: Script, folder: Path) -> str:
    """The request of a script as the export writes it."""
    text = RequestText("shop.app", lambda names: {name: name for name in names}, SentFiles(folder))
    (request,) = script.requests
    return "\n".join([text.call(request, script.options), *text.expectations(request, "response")])


def cell_with(name: str, line: str) -> str:
    """A cell whose request has a section with one line."""
    status = "HTTP *\n" if SECTIONS[name].side == "response" else ""
    return f"POST /x\n{status}[{name}]\n{line}\n"


# -- sections ----------------------------------------------------------------------------------------------------------


def test_each_section_has_an_example_here() -> None:
    assert set(LINES) == set(SECTIONS)


@pytest.mark.parametrize("name", LINES)
def test_a_section_is_parsed_sent_exported_offered_and_documented(name: str, tmp_path: Path) -> None:
    section, (line, written) = SECTIONS[name], LINES[name]
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    script = parse_script("", cell_with(name, line))
    assert script.requests[0].has(section.field)
    sent = run_script(script, echo_client(), {}, folder=tmp_path)[0]
    plain = run_script(parse_script("", "POST /x\n"), echo_client(), {})[0]
    assert (sent.request, sent.checks, sent.captures) != (plain.request, plain.checks, plain.captures)
    assert written in exported(script, tmp_path)
    assert f"{name}]" in offered(f"%%http /x\n{'HTTP *' if section.side == 'response' else ''}\n[", known=known())
    assert f"[{name}]" in REQUESTS


def test_what_is_offered_in_a_section_is_what_its_table_says() -> None:
    """Python's names of a response, the settings, files; in the others nothing is known."""
    for name, section in SECTIONS.items():
        words = offered(f"%%http POST /x\n{'HTTP *' if section.side == 'response' else ''}\n[{name}]\n", known=known())
        assert ("status" in words) == (section.offers == "python")
        assert ("location: true" in words) == (section.offers == "settings")


def test_a_section_that_is_added_to_the_table_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is read, refused where it does not belong, sent, exported, and offered by Tab, and errors name it."""
    section = Section("Params", "request", "params", SECTIONS["Query"].read, argument="query", hurls="Parameters")
    monkeypatch.setitem(SECTIONS, "Params", section)
    monkeypatch.setattr(Request, "params", (), raising=False)
    script = parse_script("", "GET /x\n[Params]\npage: 2\n")
    (exchange,) = run_script(script, echo_client(), {})
    assert exchange.json["query"] == {"page": ["2"]}
    assert exported(script, tmp_path) == 'client.get("/x", query={"page": "2"})'
    assert offered("%%http /x\n[Pa", known=known()) == ["Params]"]
    for wrong, message in (
        ("GET /x\n[Parameters]\n", "Write [Params]."),
        ("GET /x\n[Paramz]\n", "Did you mean [Params]?"),
        ("GET /x\n[Zzz]\n", "[Params]"),
        ("GET /x\nHTTP 200\n[Params]\n", "belongs to the request"),
        ("POST /x\n[Params]\npage: 2\n```\nplain\n```\nHTTP 200\nzzz\n", "`zzz` is no header"),
    ):
        with pytest.raises(RequestError) as caught:
            parse_script("", wrong)
        assert message in str(caught.value)


def test_a_section_of_checks_that_is_added_to_the_table_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is read, exported and offered; the runner has to be told what to do with it."""
    section = Section("Expect", "response", "expectations", SECTIONS["Asserts"].read, offers="python")
    monkeypatch.setitem(SECTIONS, "Expect", section)
    monkeypatch.setattr(Request, "expectations", (), raising=False)
    script = parse_script("", "GET /x\n\nHTTP *\n[Expect]\nstatus == 201  # made\n")
    assert exported(script, tmp_path) == 'client.get("/x")\nassert response.status == 201  # made'
    assert "status" in offered("%%http /x\n\nHTTP *\n[Expect]\nsta", known=known())
    with pytest.raises(RequestError, match=r"stands in the body, which is plain text"):
        parse_script("", "POST /x\n\ntext\n[Expect]\nstatus == 201\n")


# -- options -----------------------------------------------------------------------------------------------------------


def test_every_field_of_the_options_can_be_written() -> None:
    # curl's -X says the last one.
    names = {field.name for field in fields(Options)} - {"line", "keep_method"}
    assert {option.field for table in (LINE_OPTIONS, DIRECTIVES, SETTINGS) for option in table} - {None} == names
    assert {option.field for option in LINE_OPTIONS} - {None} == set(WRITTEN)


@pytest.mark.parametrize("option", LINE_OPTIONS, ids=lambda option: option.names[-1])
def test_an_option_of_the_line_is_parsed_explained_offered_exported_and_documented(
    option: Option, tmp_path: Path
) -> None:
    example = option.example or option.names[0]
    alone = option.is_alone or option.field == "help"
    script = parse_line(example if alone else f"/x a=1 {example}")
    plain = parse_line("/x a=1")
    assert option.field is None or getattr(script.options, option.field) != getattr(plain.options, option.field)
    assert example in f"{HELP}\n{MAGICS}\n--help" or option.takes
    assert all(name in MAGICS and name in REQUESTS for name in option.names if option.field != "help")
    assert option.names[0] in offered(f"%http /x {option.names[0][:2]}", known=known()) or option.field == "help"
    written = WRITTEN[option.field] if option.field is not None else None
    if written is not None and written.startswith("."):
        assert eval(f"options{written}", {"options": script.options})
    elif script.requests and option.field is not None:
        text = exported(script, tmp_path)
        assert written in text if written is not None else text == exported(plain, tmp_path)
    if option.help:
        assert f"{option.names[0]:<9} {option.help}" in HELP


@pytest.mark.parametrize("option", DIRECTIVES, ids=lambda option: option.names[0])
def test_a_directive_is_parsed_offered_and_documented(option: Option) -> None:
    (name,) = option.names
    value = {"NAME": " create", "PARTS": " headers", "S": " 5"}.get(option.takes, "")
    text = f"# @{name}{value}\nGET /x\n"
    if name == "prompt":
        with pytest.raises(RequestError, match="is not asked here"):
            parse_script("", text)
    else:
        (request,) = parse_script("", text).requests
        changed = request.name == "create" if name == "name" else request.options != Options()
        assert changed == (name != "note")
    assert (name in offered("%%http\n# @", known=known())) == bool(option.field or option.takes)
    assert f"# @{name}" in REQUESTS


@pytest.mark.parametrize("option", SETTINGS, ids=lambda option: option.names[0])
def test_a_line_of_options_is_parsed_offered_and_documented(option: Option) -> None:
    example = {"user: ": "user: ada:secret", "show: ": "show: headers"}.get(option.example, option.example)
    (request,) = parse_script("", f"GET /x\n[Options]\n{example}\n").requests
    assert request.options != Options()
    assert option.example in offered("%%http /x\n[Options]\n", known=known())
    assert any(f"`{name}: " in REQUESTS for name in option.names)


@contextmanager
def added(table: list[Option], option: Option) -> Iterator[None]:
    """A table with one option more, for all who read it."""
    table.append(option)
    try:
        yield
    finally:
        table.remove(option)


def test_an_option_that_is_added_to_the_tables_works(tmp_path: Path) -> None:
    """On the line, as a directive and in [Options]: it is read, sent, explained, offered by Tab, and exported."""
    seconds = next(option.read for option in SETTINGS if option.field == "timeout")
    line = Option(("--within", "-w"), "timeout", seconds, "S", "--within 5", "the deadline", argument="timeout")
    directive = Option(("within",), "timeout", seconds, takes="S")
    setting = Option(("within",), "timeout", seconds, example="within: 5")
    with added(LINE_OPTIONS, line), added(DIRECTIVES, directive), added(SETTINGS, setting):
        for script in (
            parse_line("/x --within 5"),
            parse_line("/x -w=5s"),
            parse_script("/x --within 5", ""),
            parse_script("", "# @within 5\nGET /x\n"),
            parse_script("", "GET /x\n[Options]\nwithin: 5\n"),
        ):
            (request,) = script.requests
            assert request.options.over(script.options).timeout == 5.0
            assert exported(script, tmp_path) == 'client.get("/x", timeout=5.0)'
            assert run_script(script, echo_client(), {})[0].status == 200
        help_text = options.with_options("%http URL OPTIONS\nEACH OPTION\n")
        assert "[--within S]" in help_text
        assert "--within  the deadline" in help_text
        assert offered("%http /x --wi", known=known()) == ["--within"]
        assert offered("%%http\n# @wi", known=known()) == ["within"]
        assert offered("%%http /x\n[Options]\nwi", known=known()) == ["within: 5"]
        for wrong, message in (("/x --within", "Write  --within 5"), ("/x --withn 5", "Did you mean --within?")):
            with pytest.raises(RequestError) as caught:
                parse_line(wrong)
            assert caught.value.hint == message


def test_a_request_stays_as_it_was_read() -> None:
    """Whoever fills in or sends a request cannot change what was written."""
    (request,) = parse_script("", "GET /x\nX-A: 1\n").requests
    with pytest.raises(FrozenInstanceError, match="its method stays"):
        request.method = "POST"
    assert request.method == "GET"
    assert request == parse_script("", "GET /x\nX-A: 1\n").requests[0]
    assert repr(request).startswith("Request(method='GET'")
