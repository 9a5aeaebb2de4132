"""What `{{ … }}` becomes at each place of a request, and what is said when it has no value."""

from __future__ import annotations

import json
import re
import types
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.language.template import parse_template, place_at
from nbmicro.runner.run import run_script
from tests.support.commands import run_command
from tests.support.echo_app import echo, echo_client


def said(text: str, **names: object) -> Any:
    """What the app was asked by a line."""
    return run_command(parse_line(text), echo_client(), names).json


def asked(body: str, **names: object) -> Any:
    """What the app was asked by the last request of a cell."""
    return run_script(parse_script("", body), echo_client(), names)[-1].json


def refused(text: str, **names: object) -> RequestError:
    client = echo_client()
    with pytest.raises(RequestError) as caught:
        run_command(parse_line(text), client, names)
    assert len(client.history) == 0
    return caught.value


def _refused_cell(body: str, **names: object) -> RequestError:
    client = echo_client()
    with pytest.raises(RequestError) as caught:
        run_script(parse_script("", body), client, names)
    assert len(client.history) == 0
    return caught.value


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("{{ a }}", ["a"]),
        ("{{a}}{{b}}", ["a", "b"]),
        ("{{ {'a': {'b': 1}} }}", ["{'a': {'b': 1}}"]),
        ("{{ {'a': 1}}}", ["{'a': 1}"]),
        ('{"a": {"b": {{ c }}}}', ["c"]),
        ("{{ '}}' }}", ["'}}'"]),
        ("{{ '{{' }}", ["'{{'"]),
        ("{{ [x for x in y] }}", ["[x for x in y]"]),
        ("{{$guid}}", ["$guid"]),
        ("{{ login.response.body.$.a['b'] }}", ["login.response.body.$.a['b']"]),
        ("no { blank } here }}", []),
    ],
)
def test_a_placeholder_ends_at_the_first_braces_at_which_it_is_an_expression(text: str, expressions: list[str]) -> None:
    """Braces of dicts, strings and JSON around it neither end it early nor late."""
    template = parse_template(text, place_at(text, 1, 1))
    assert [placeholder.expression for placeholder in template.placeholders] == expressions


def test_a_literal_brace_pair_can_be_sent() -> None:
    """`{{ '{{' }}` is `{{`."""
    assert said("/x a={{ '{{' }}b")["body"] == '{"a": "{{b"}'


def test_values_in_a_path_are_percent_encoded() -> None:
    """A slash, a question mark and an umlaut of a value stay in their segment."""
    client = echo_client()
    exchange = run_command(parse_line("/files/{{ name }}/raw"), client, {"name": "a/b?ü%"})
    assert exchange.request.target == "/files/a%2Fb%3F%C3%BC%25/raw"


def test_values_in_a_query_are_percent_encoded() -> None:
    """In the URL and as an item."""
    assert said("/x?q={{ q }}&r=1 s=={{ q }}", q="a&b=c d+ü")["query"] == {
        "q": ["a&b=c d+ü"],
        "r": ["1"],
        "s": ["a&b=c d+ü"],
    }


def test_a_value_at_the_beginning_of_a_url_stands_as_it_is() -> None:
    """A Location, or a base URL on the loopback, can be asked for."""
    assert said("{{ where }}", where="/users/1?a=b")["path"] == "/users/1"
    assert said("{{ base }}/users/{{ uid }}", base="http://localhost:8000/api", uid="a/b")["path"] == "/api/users/a/b"
    assert said("http://{{ host }}:{{ port }}/x", host="127.0.0.1", port=5000)["path"] == "/x"


def test_a_foreign_origin_in_a_value_is_refused() -> None:
    """The origin counts after its placeholders are filled."""
    assert (
        "https://api.example.com/x is not this app" in refused("{{ base }}/x", base="https://api.example.com").message
    )


def test_the_host_of_other_tools_files_means_the_app() -> None:
    """`{{host}}` that the notebook does not have is the app; one that it has counts."""
    assert asked("GET {{host}}/x")["path"] == "/x"
    assert asked("GET http://{{host}}:{{port}}/x")["path"] == "/x"
    assert asked("GET {{baseUrl}}/x")["path"] == "/x"
    assert "not this app" in refused("{{host}}/x", host="https://example.com").message


def test_none_has_no_place_in_a_url() -> None:
    """A value that is None is more likely a mistake than a path."""
    assert refused("/users/{{ uid }}", uid=None).message == "{{ uid }}: None has no text to send. Nothing was sent."


def test_values_in_a_json_body_are_json() -> None:
    """Text gets its quotes, True is true, None is null, lists and dicts stay."""
    body = 'POST /x\n\n{"a": {{ a }}, "b": {{ b }}, "c": {{ c }}, "d": {{ d }}, "e": [{{ e }}]}'
    sent = asked(body, a='say "hi"', b=True, c=None, d={"x": [1]}, e=1.5)
    assert json.loads(sent["body"]) == {"a": 'say "hi"', "b": True, "c": None, "d": {"x": [1]}, "e": [1.5]}
    assert sent["headers"]["content-type"] == "application/json"


def test_values_inside_json_quotes_are_escaped() -> None:
    """Inside a string a value is the content of the string."""
    sent = asked('POST /x\n\n{"a": "<{{ a }}>", "{{ k }}": 1, "\\"{{ a }}": 2}', a='"\n\\', k="k")
    assert json.loads(sent["body"]) == {"a": '<"\n\\>', "k": 1, '""\n\\': 2}


def test_dates_decimals_and_arrays_have_their_json() -> None:
    """What the standard library has no JSON for is written as people expect; anything else is an error."""

    class Array:
        def tolist(self) -> list[int]:
            return [1, 2]

    sent = asked("POST /x\n\n[{{ a }}, {{ b }}, {{ c }}]", a=date(2024, 2, 29), b=Decimal("1.10"), c=Array())
    assert json.loads(sent["body"]) == ["2024-02-29", "1.10", [1, 2]]
    with pytest.raises(RequestError, match=r"line 4, column 2: \{\{ a \}\}: a object is not JSON\. Nothing was sent"):
        asked("POST /x\n\n[{{ a }}]", a=object())


def test_a_body_that_is_one_value_is_that_value() -> None:
    """A dict is sent as JSON, text and bytes as they are."""
    as_json = asked("POST /x\n\n{{ payload }}", payload={"a": [1]})
    assert (as_json["body"], as_json["headers"]["content-type"]) == ('{"a": [1]}', "application/json")
    assert asked("POST /x\n\n{{ payload }}", payload="plain")["body"] == "plain"
    assert asked("POST /x\nContent-Type: text/csv\n\n{{ payload }}", payload=b"a,b")["body"] == "a,b"


def test_values_in_forms_are_form_encoded() -> None:
    """In `-f` items, in [Form], and in a body that is a form by its type."""
    assert said("-f /x a={{ a }} b:={{ n }}", a="1&2=3 ü", n=[1])["form"] == {"a": ["1&2=3 ü"], "b": ["[1]"]}
    assert asked("POST /x\n[Form]\na: {{ a }}\na: 2\n", a="1&2=3 ü")["form"] == {"a": ["1&2=3 ü", "2"]}
    body = "POST /x\nContent-Type: application/x-www-form-urlencoded\n\na={{ a }}\n&b=2\n"
    assert asked(body, a="1&2=3 ü")["form"] == {"a": ["1&2=3 ü"], "b": ["2"]}


@pytest.mark.parametrize(
    "text",
    [
        "a=1 2&b=é",
        "a = 1 2 &\n  b = é",
        "\n a=1 2\n &b=é\n",
        "a=1 2\n# &c=3\n&b=é",
        "a=1%202&b=%C3%A9",
        "a={{ v }} &\n b=é",
    ],
)
def test_a_form_may_be_written_over_several_lines(text: str) -> None:
    """With blanks around its signs; what stands in a value is kept, and encoded."""
    body = f"POST /x\nContent-Type: application/x-www-form-urlencoded\n\n{text}\n"
    assert asked(body, v="1 2")["form"] == {"a": ["1 2"], "b": ["é"]}


def test_the_lines_of_a_form_are_joined_by_their_signs() -> None:
    """Without one some tools send a line break, and some nothing at all."""
    with pytest.raises(RequestError, match="`b=2` stands on a line of its own in a form"):
        asked("POST /x\nContent-Type: application/x-www-form-urlencoded\n\na=1\nb=2\n")


def test_values_elsewhere_are_text() -> None:
    """In a header, a text body, and text data of a line."""
    assert said("/x X-A:{{ n }}", n=5)["headers"]["x-a"] == "5"
    assert asked("POST /x\n\nHello {{ name }}, {{ 1 + 1 }}", name="Ada")["body"] == "Hello Ada, 2"
    assert said("/x a={{ n }} b:={{ n }}", n=5)["body"] == '{"a": "5", "b": 5}'


def test_a_line_break_in_a_header_is_refused() -> None:
    """A value cannot begin another header."""
    error = refused("/x X-A:{{ v }}", v="a\r\nX-B: c")
    assert "line break" in error.message
    assert error.line == 1


def test_half_a_character_is_refused() -> None:
    """A lone surrogate cannot be sent, at whatever place it stands."""
    assert "'utf-8' codec can't encode character" in refused("/x a={{ s }}", s="\udc80").message
    for text in ("/x/{{ s }}", "-f /x a={{ s }}", "/x q=={{ s }}"):
        assert "'\\udc80', which is half a character" in refused(text, s="\udc80").message
    with pytest.raises(RequestError, match="half a character"):
        asked("POST /x\n\n\udc80")


def test_an_unresolved_name_is_an_error_with_its_place() -> None:
    """Line and column, the name, and that nothing was sent."""
    with pytest.raises(RequestError) as caught:
        run_script(parse_script("", "GET /users/{{ uid }}"), Client(echo), {}, known_captures={"uid": "create"})
    assert str(caught.value) == (
        "line 2, column 12: {{ uid }}: the notebook has no `uid`. Nothing was sent. "
        "The request `create` captures it: run that cell first."
    )


def test_a_near_name_is_offered() -> None:
    """A typing error shows the name that was meant."""
    assert refused("/x/{{ user_nme }}", user_name=1).message.endswith("Did you mean `user_name`?")


def test_a_function_of_pythons_is_never_offered() -> None:
    """A kernel's names hold `open` and its kind, and what it keeps itself; nobody means them."""
    kernel: dict[str, object] = {"open": open, "In": [], "_nop": 1, "exit": exit}
    assert refused("/x/{{ nope }}", **kernel).message.endswith("the notebook has no `nope`. Nothing was sent.")
    assert refused("/x/{{ idd }}", id=3).message.endswith("Did you mean `id`?")


@pytest.mark.parametrize(
    ("url", "typed", "written"),
    [
        ("/loop{n}", "{n}", "/loop{{ n }}"),
        ("/loop$n", "$n", "/loop{{ n }}"),
        ("/loop/${n}/x", "${n}", "/loop/{{ n }}/x"),
        ("/users/{user.id}?q=1", "{user.id}", "/users/{{ user.id }}?q=1"),
        ("/x?page=$n", "$n", "/x?page={{ n }}"),
        ("/{{ n }}/{n}", "{n}", "/{{ n }}/{{ n }}"),
    ],
)
def test_another_magics_placeholder_of_a_known_name_is_told_of_ours(url: str, typed: str, written: str) -> None:
    """`{n}` and `$n` would be sent as they stand; where `n` is a name of the notebook, its value was meant."""
    for refusal in (refused(url, n=1, user="u"), _refused_cell(f"GET {url}", n=1, user="u")):
        assert (
            refusal.message
            == f"`{typed}` is no placeholder, and the notebook has a `{'n' if 'n' in typed else 'user'}`. "
            "Nothing was sent."
        )
        assert refusal.hint == f"Write  {written}\nTo send it as it stands:  {{{{ '{typed}' }}}}"


def test_braces_and_dollars_without_a_name_are_sent_as_they_stand() -> None:
    """Only a known name makes them suspect; a `$` may begin a name of the query, and a placeholder sends all."""
    assert said("/x{m}/$m?$n=1&$n=2", n=1)["path"] == "/x{m}/$m"
    assert said("/x{{ '{n}' }}{open}", n=1, open=open)["path"] == "/x{n}{open}"


def test_a_captured_name_counts_as_known() -> None:
    """What a request of the cell gives, the next one may mean."""
    body = "GET /x\n[Captures]\nuid: status\n###\nGET /users/{uid}\n"
    assert _refused_cell(body).hint == "Write  /users/{{ uid }}\nTo send it as it stands:  {{ '{uid}' }}"


def test_nothing_is_sent_when_a_later_request_lacks_a_name() -> None:
    """Names are looked for in the whole cell before its first request goes."""
    client = echo_client()
    with pytest.raises(RequestError, match=r"line 4, column 8: \{\{ uid \}\}: the notebook has no `uid`\. Nothing"):
        run_script(parse_script("", "GET /x\n###\nGET /y/{{ uid }}\n"), client, {})
    assert len(client.history) == 0


def test_a_name_that_a_later_request_gives_is_said() -> None:
    """The order of requests in a cell is the order in which they give names."""
    cell = "GET /x/{{ uid }}\n###\nGET /y\n[Captures]\nuid: status\n"
    with pytest.raises(RequestError, match="The request on line 4 gives it, which comes later"):
        run_script(parse_script("", cell), echo_client(), {})


def test_names_bound_inside_an_expression_are_its_own() -> None:
    """Comprehensions, lambdas and builtins need nothing of the notebook."""
    assert said("/x a={{ ','.join(str(n) for n in sorted({2, 1})) }}")["body"] == '{"a": "1,2"}'
    assert said("/x a={{ (lambda n: n + k)(1) }}", k=1)["body"] == '{"a": "2"}'


def test_an_expression_that_fails_says_how() -> None:
    """The exception is named, with the place of the placeholder."""
    error = refused("/x/{{ d['a'] }}", d={})
    assert str(error) == "line 1, column 10: {{ d['a'] }}: KeyError: 'a'. Nothing was sent."


def test_an_error_after_the_first_request_says_what_was_not_sent() -> None:
    """The first request went; the message speaks of this one."""
    cell = "GET /x\n###\nGET /y/{{ d['a'] }}\n"
    client = echo_client()
    with pytest.raises(RequestError, match="This request was not sent"):
        run_script(parse_script("", cell), client, {"d": {}})
    assert len(client.history) == 1


def test_file_variables_are_filled_and_become_names() -> None:
    """`@base = …` may use another, and the next cell has it."""
    names: dict[str, object] = {"n": 1}
    script = parse_script("", "@host = localhost:5000\n@base = http://{{ host }}/v{{ n }}\nGET {{ base }}/x\n")
    assert run_script(script, echo_client(), names)[0].json["path"] == "/v1/x"
    assert names["base"] == "http://localhost:5000/v1"


def test_a_file_variable_stands_in_json_as_in_other_tools() -> None:
    """`@age = 36` is a number outside quotes and text inside; `@name = Ada` becomes a string."""
    cell = '@age = 36\n@name = Ada\nPOST /x\n\n{"a": {{age}}, "b": "{{age}}", "c": {{name}}, "d": "{{name}}"}'
    assert json.loads(asked(cell)["body"]) == {"a": 36, "b": "36", "c": "Ada", "d": "Ada"}


def test_a_file_variable_may_wait_for_an_answer() -> None:
    """`@token = {{login.response.body.$.id}}` has its value once `login` was sent, wherever it stands."""
    cell = "@token = {{login.response.body.$.id}}\n# @name login\nPOST /users\n\n{}\n###\nGET /x\nX-Token: {{token}}\n"
    assert asked(cell)["headers"]["x-token"] == "1"
    with pytest.raises(RequestError, match="the notebook has no `nobody`"):
        asked("@token = {{nobody.response.body.$.id}}\nGET /x\nX-Token: {{token}}\n")


def test_a_path_into_an_answer_may_lack_its_root() -> None:
    """`{{made.response.body.tags[0]}}` is `.$.tags[0]`; an attribute of the notebook's own object stays Python."""
    cell = (
        '# @name made\nPOST /users\n\n{"title": "Dr", "tags": ["x"], "a": {"c": 2}}\n###\n'
        "@token = {{made.response.body.title}}\nPOST /x\nX-Tag: {{made.response.body.tags[0]}}\n\n"
        "{{token}} {{made.response.body.a.c}} {{made.request.body.title}} {{mine.response.body.title}}"
    )
    mine = types.SimpleNamespace(response=types.SimpleNamespace(body=types.SimpleNamespace(title="own")))
    sent = asked(cell, mine=mine)
    assert (sent["body"], sent["headers"]["x-tag"]) == ("Dr 2 Dr own", "x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{$dotenv NOPE}}", "there is no file .env"),
        ("Bearer {{made.response.body.$.token}}", "the answer of `made` has nothing at $.token"),
        ("{{made.response.body.token}}", "the answer of `made` has nothing at $.token"),
        ("{{1 / 0}}", "ZeroDivisionError"),
    ],
)
def test_a_file_variable_that_waits_for_nothing_fails_at_its_line(value: str, message: str, tmp_path: Path) -> None:
    """Not where it is used, some cells below; nor is it kept from an earlier run."""
    names: dict[str, object] = {"token": "old"}
    client = echo_client()
    run_script(parse_script("", "# @name made\nPOST /users\n\n{}"), client, names)
    with pytest.raises(RequestError) as caught:
        run_script(parse_script("", f"# a key\n@token = {value}\nGET /x\n"), client, names, folder=tmp_path)
    assert message in caught.value.message
    assert (caught.value.line, len(client.history)) == (3, 1)


def test_a_file_variable_waits_for_the_answer_of_this_run() -> None:
    """A cell whose first answer had no token runs again: the old answer is not asked for one."""
    client = echo_client()
    cell = "@token = {{login.response.body.token}}\n# @name login\nPOST /users\n\n%s\n###\nPOST /x\n\n{{token}}"
    names: dict[str, object] = {}
    with pytest.raises(RequestError, match="nothing at"):
        run_script(parse_script("", cell % "{}"), client, names)
    assert run_script(parse_script("", cell % '{"token": "t1"}'), client, names)[1].json["body"] == "t1"


def test_a_file_variable_does_not_wait_for_the_answer_of_a_request_that_reads_it() -> None:
    """A token is asked for with the one from before, by way of another variable too."""
    names: dict[str, object] = {"token": "old"}
    cell = (
        "@bearer = Bearer {{token}}\n@auth = {{bearer}}\nPOST /x\nX-Auth: {{auth}}\n\nmore\n\n"
        'HTTP 200\n[Captures]\ntoken: json["headers"]["x-auth"]\n'
    )
    (exchange,) = run_script(parse_script("", cell), echo_client(), names)
    assert [check.ok for check in exchange.checks] == [True]
    assert names["token"] == "Bearer old"


def test_answers_of_named_requests_are_read_as_rest_client_reads_them() -> None:
    """Body by path, whole body, headers; of request and answer, with and without `.response`."""
    cell = (
        '# @name made\nPOST /users\n\n{"name": "Ada", "tags": ["x", {"y z": 2}]}\n###\n'
        "# @name plain\nGET /text\n###\nPOST /x\n\n"
        "{{made.response.body.$.name}} {{made.response.body.$.tags[1]['y z']}} {{made.response.headers.Location}} "
        "{{plain.response.body.*}} {{plain.headers.X-Token}} {{made.request.body.$.name}}"
    )
    assert asked(cell)["body"] == "Ada 2 /users/1 Hello, Ada!\n abc Ada"


@pytest.mark.parametrize(
    ("placeholder", "message"),
    [
        ("made.response.body.$.nope", "the answer of `made` has nothing at $.nope"),
        ("made.response.body.$..id", "is more JSONPath than nbmicro reads"),
        ("made.response.headers.X-No", "the answer of `made` has no header X-No"),
        ("n.response.body.$.id", "`n` is no request's exchange"),
        ("other.response.body.$.id", "the notebook has no `other`"),
        ("$nope", "there is no variable $nope"),
        ("$randomInt a b", "`a b` are no bounds"),
        ("$randomInt 5 5", "`5 5` are no bounds"),
        ("$timestamp soon", "`soon` is no offset"),
        ("$datetime soon", "`soon` is no format"),
        ("$processEnv NBMICRO_NOT_SET", "the environment has no NBMICRO_NOT_SET"),
        ("$dotenv X", "there is no file .env"),
    ],
)
def test_a_variable_without_a_value_is_an_error_with_its_place(placeholder: str, message: str, tmp_path: Path) -> None:
    """Each says what is missing, at the line and column of its braces."""
    client = echo_client()
    names: dict[str, object] = {"n": 1}
    run_script(parse_script("", "# @name made\nPOST /users\n\n{}"), client, names)
    with pytest.raises(RequestError) as caught:
        run_script(parse_script("", f"GET /x\nX-A: {{{{{placeholder}}}}}\n"), client, names, folder=tmp_path)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (3, 6)


def test_dynamic_variables_have_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$guid, $timestamp, $datetime, $randomInt, $processEnv and $dotenv."""
    monkeypatch.setenv("NBMICRO_TEST_KEY", "from the environment")
    (tmp_path / ".env").write_text('# keys\nexport KEY="from the file"\nOTHER=b # c\n')
    cell = (
        "POST /x\n\n{{$guid}}|{{$timestamp}}|{{$timestamp -1 d}}|{{$datetime iso8601}}|{{$datetime rfc1123 1 y}}|"
        '{{$datetime "YYYY-MM-DD"}}|{{$randomInt 3 5}}|'
        "{{$processEnv NBMICRO_TEST_KEY}}|{{$dotenv KEY}}|{{$dotenv %which}}"
    )
    exchange = run_script(parse_script("", cell), echo_client(), {"which": "OTHER"}, folder=tmp_path)[0]
    guid, now, before, iso, rfc, day, number, env, dot, other = exchange.json["body"].split("|")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", guid)
    assert abs(int(now) - int(before) - 86_400) <= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", iso)
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", rfc)
    assert int(rfc.split()[3]) == int(iso[:4]) + 1
    assert day == iso[:10]
    assert number in {"3", "4"}
    assert (env, dot, other) == ("from the environment", "from the file", "b")


def test_the_nearest_env_file_counts_and_the_names_of_visual_studio_too(tmp_path: Path) -> None:
    """Folders above are looked in, as Visual Studio does for its projects; `$dotEnv` is `$dotenv`."""
    (tmp_path / "api" / "v1").mkdir(parents=True)
    (tmp_path / ".env").write_text("KEY=far\n")
    script = parse_script("", "POST /x\n\n{{$dotEnv KEY}}|{{$timeStamp}}")
    for expected in ("far", "near"):
        (exchange,) = run_script(script, echo_client(), {}, folder=tmp_path / "api" / "v1")
        key, stamp = exchange.json["body"].split("|")
        assert (key, stamp.isdigit()) == (expected, True)
        (tmp_path / "api" / ".env").write_text('KEY="near"\n')


# What the names of the notebook may be confused with, and what a value may be that nobody means to send.
BUILTINS = ["id", "type", "input", "format", "filter", "hash", "max", "list", "map", "next", "object", "open", "range"]


class Thing:
    """Says only what it is, as most objects do."""


class Money:
    """Has a text of its own."""

    def __str__(self) -> str:
        return "12 EUR"


NO_TEXT: dict[str, object] = {
    "None": None,
    "a function": lambda: 1,
    "a class": Thing,
    "an instance": Thing(),
    "a method": "".upper,
    "a generator": (number for number in ()),
    "an exchange": Client(echo).get("/text"),
    "a body": Client(echo).get("/text").response.body,
    "a set": {1},
    "a list of them": [Thing()],
}
PLACES = {
    "a path": "%http /users/{{ x }}",
    "a query": "%http /a?q={{ x }}",
    "a query item": "%http /a q=={{ x }}",
    "a header item": "%http /a X-T:{{ x }}",
    "a form item": "%http -f POST /a a={{ x }}",
    "a text item": "%http POST /a a={{ x }}",
    "a password": "%http /a -a ada:{{ x }}",
    "a header": "GET /a\nX-T: {{ x }}",
    "[Query]": "GET /a\n[Query]\nq: {{ x }}",
    "[Form]": "POST /a\n[Form]\na: {{ x }}",
    "[Multipart]": "POST /a\n[Multipart]\na: {{ x }}",
    "[Options]": "GET /a\n[Options]\nuser: ada:{{ x }}",
    "a form": "POST /a\nContent-Type: application/x-www-form-urlencoded\n\na={{ x }}",
    "a form of one value": "POST /a\nContent-Type: application/x-www-form-urlencoded\n\n{{ x }}",
    "a text": "POST /a\nContent-Type: text/plain\n\nHello {{ x }}",
    "a text of one value": "POST /a\nContent-Type: text/plain\n\n{{ x }}",
    "a text in JSON": 'POST /a\n\n{"a": "{{ x }}"}',
    "a file variable": "@y = {{ x }}\nGET /a?q={{ y }}",
}


def _rejected(place: str, **names: object) -> RequestError:
    text = PLACES[place]
    return refused(text.removeprefix("%http "), **names) if text.startswith("%http ") else _refused_cell(text, **names)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", NO_TEXT)
def test_a_value_without_a_text_is_rejected_wherever_it_stands(kind: str, place: str) -> None:
    error = _rejected(place, x=NO_TEXT[kind])
    assert error.message.startswith("{{ x }}: ")
    assert "Nothing was sent." in error.message
    assert error.line is not None


@pytest.mark.parametrize("place", PLACES)
def test_a_value_with_a_text_of_its_own_is_sent_everywhere(place: str) -> None:
    text = PLACES[place]
    sent = said(text.removeprefix("%http "), x=Money()) if text.startswith("%http ") else asked(text, x=Money())
    expected = "YWRhOjEyIEVVUg==" if "ada:" in text else "12 EUR"
    assert expected in json.dumps(sent)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", BUILTINS)
def test_a_function_of_pythons_is_never_a_value(name: str, place: str) -> None:
    """A name that the notebook does not have is missing, also where Python has a function of that name."""
    text = PLACES[place].replace("{{ x }}", f"{{{{ {name} }}}}")
    error = refused(text.removeprefix("%http ")) if text.startswith("%http ") else _refused_cell(text)
    assert f"the notebook has no `{name}`" in error.message


@pytest.mark.parametrize(
    "expression", ["id", "id + 1", "id.hex", "input['a']", "str(id)", "f'{id}'", "[type]", "id or 1"]
)
def test_a_builtins_name_is_missing_in_every_expression(expression: str) -> None:
    name = "input" if "input" in expression else "type" if "type" in expression else "id"
    assert f"the notebook has no `{name}`" in refused(f"/a?q={{{{ {expression} }}}}").message


@pytest.mark.parametrize(
    ("expression", "sent"),
    [
        ("len(xs)", "2"),
        ("str(7)", "7"),
        ("str.upper('a')", "A"),
        ("','.join(map(str, xs))", "1,2"),
        ("max(xs, key=abs)", "2"),
        ("sorted(xs, key=str)[0]", "1"),
        ("'y' if isinstance(xs, list) else 'n'", "y"),
        ("[id for id in xs][0]", "1"),
        ("__import__('math').floor(2.5)", "2"),
    ],
)
def test_pythons_functions_can_be_called(expression: str, sent: str) -> None:
    assert said(f"/a?q={{{{ {expression} }}}}", xs=[1, 2])["query"] == {"q": [sent]}


def test_a_name_of_the_notebook_wins_over_pythons_function() -> None:
    assert said("/a?q={{ id }}", id=7)["query"] == {"q": ["7"]}
