"""Handlers and requests as beginners write them: what is shown of a failure names the line and leads to its cure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.support.asking import free_port

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def notebook() -> Iterator[RealKernel]:
    """One kernel for all; each test declares its page anew."""
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def shown(kernel: RealKernel, cell: str, request: str) -> str:
    """What a request shows of a page: under one screen, without nbmicro's own lines, nothing beside it."""
    kernel.check(cell, cell_id="page")
    reply = kernel.check(f"%http {request}", cell_id="ask")
    assert reply.stderr == ""
    assert len(reply.text.splitlines()) <= 16, reply.text
    for trace in ("site-packages", "nbmicro/", "werkzeug", "0x", "ipykernel_"):
        assert trace not in reply.text
    return reply.text


def flask(rule: str, body: str) -> str:
    """A page in Flask's form."""
    return f"@app.route('{rule}', methods=['GET', 'POST'])\ndef page():\n    {body}"


@pytest.mark.parametrize(
    ("cell", "line", "cure"),
    [
        # No reply
        ("%%route /p\nprint('hi')", "2 │ print('hi')", "Write `return 'hi'`."),
        ("%%route /p\nreturn print(f'hi {1}')", "2 │ return print(f'hi {1}')", "Write `return f'hi {1}'`."),
        ("%%route /p\ndef page():\n    'hi'", "3 │ 'hi'", "Write `return 'hi'`."),
        (flask("/p", "pass"), "3 │ pass", "Add a last line `return …`"),
        (flask("/p", "greeting = 'hi'"), "3 │ greeting = 'hi'", "Add the line `return greeting`."),
        ("%%route /p\nNone, 204", "2 │ None, 204", 'An empty body is text:  "", 204'),
        # Replies that are none
        ("%%route /p\n5", "2 │ 5", 'in a dict:  str(…)  or  {"value": …}'),
        (flask("/p", "return 5.0"), "3 │ return 5.0", 'in a dict:  str(…)  or  {"value": …}'),
        ("%%route /p\n{1, 2}", "2 │ {1, 2}", "list(…)"),
        ("%%route /p\nobject()", "2 │ object()", "A return value is a string, bytes, dict, list"),
        ("%%route /p\nredirect", "2 │ redirect", "Call it:  redirect(…)"),
        (flask("/p", "return dict"), "3 │ return dict", "Make one:  dict(…)"),
        ("%%route /p\n'a', 200, {}, 4", "2 │ 'a', 200, {}, 4", "A tuple must be (body, status, headers)"),
        ("%%route /p\n'a', 'b', 'c'", "2 │ 'a', 'b', 'c'", "A status is a number of three digits"),
        ("%%route /p\n'a', 99999", "2 │ 'a', 99999", "A status is a number of three digits"),
        ("%%route /p\n'a', 200, 'c'", "2 │ 'a', 200, 'c'", 'Headers are a dict: {"X-Name": "value"}'),
        ("%%route /p\nasync def work(): return 'x'\nwork()", "3 │ work()", "Write  await work(…)"),
        (
            flask("/p", "return work()\nasync def work(): return 'x'"),
            "3 │ return work()",
            "Write  await work(…)  and  async def page(…)",
        ),
        ("%%route /p\nasync def work(): return 'x'\nwork() + 'y'", "3 │ work() + 'y'", "write `await` before the call"),
        # JSON
        (
            "%%route /p\nasync def work(): return 'x'\n{'a': work()}",
            "3 │ {'a': work()}",
            "write `await` before the call",
        ),
        ("%%route /p\n{'a': {1, 2}}", "2 │ {'a': {1, 2}}", "['a'] is a set"),
        ("%%route /p\n[{'a': [b'x']}]", "2 │ [{'a': [b'x']}]", "….decode()"),
        (flask("/p", "return {(1, 2): 'x'}"), "3 │ return {(1, 2): 'x'}", "A key is text"),
        ("%%route /p\n{1: 'x', 'b': 'y'}", "2 │ {1: 'x', 'b': 'y'}", "Make all of them text:  str(key)"),
        ("%%route /p\njsonify(a={1})", "2 │ jsonify(a={1})", "list(…)"),
        ("%%route /p\nring = []\nring.append(ring)\nring", "4 │ ring", "without the ring"),
        ("%%route /p\nsession['a'] = {1}\n'x'", "session['a'] is a set", "list(…)"),
        ("%%route /p\nsession['a'] = {1}\n'x'", "2 │ session['a'] = {1}", "list(…)"),
        (flask("/p", "session.update(b=1, a={1})\n    return 'x'"), "3 │ session.update(b=1, a={1})", "list(…)"),
        # Streams
        ("%%route /p\nyield 5", "2 │ yield 5", "Write  yield str(5)"),
        ("%%route /p\nyield 'a'\nyield {}", "3 │ yield {}", "each piece of one is text or bytes"),
        ("%%route /p\nyield 'first'\nraise ValueError('midway')", "3 │ raise ValueError('midway')", "broke off here"),
        # Names
        ("%%route /p\nnmae = 1\nstr(name)", "3 │ str(name)", "Did you mean `nmae`?"),
        ("%%route /p\njson.dumps(1)", "2 │ json.dumps(1)", "import json"),
        ("%%route /p\n{'ok': true}", "2 │ {'ok': true}", "Python writes it `True`."),
        ("%%route /p\nfrom flask import request\nrequest.args['a']", "3 │", "from nbmicro import request"),
        ("%%route /p\nimport flask\nflask.jsonify(a=1)", "3 │", "import nbmicro as flask"),
        ("%%route /p\nimport nosuchthing\n'x'", "2 │ import nosuchthing", "%pip install nosuchthing"),
        ("%%route /p\nrequest = request.args\nrequest['a']", "2 │", "Use another name:  args = request.args"),
        (
            flask("/p", "request = request.get_json()\n    return request"),
            "3 │",
            "Use another name:  json = request.get_json()",
        ),
        ("%%route /p\ng.x = 1\ng = 5\n'x'", "2 │ g.x = 1", "Use another name, such as `my_g`"),
        (
            "%%route /p\nlist = [1]\nlist(range(3))",
            "3 │ list(range(3))",
            "`list` is here a value of your own (of type list)",
        ),
        # Ends
        ("%%route /p\nabort('404')", "2 │ abort('404')", "A status is a number, without quotes:  abort(404)"),
        ("%%route /p\nabort(200)", "2 │ abort(200)", "It takes the number of an error, such as  abort(404)"),
        ("%%route /p\nimport sys\nsys.exit(3)", "3 │ sys.exit(3)", "abort(500)"),
        ("%%route /p\nexit()", "2 │ exit()", "abort(500)"),
        # Templates
        (
            "%%route /p\nrender_template_string('{{ title.text }}', titles={'text': 'x'})",
            "2 │ render_template_string",
            "given no `title` but `titles`: did you mean that?",
        ),
        ("%%route /p\nrender_template('none.html')", "2 │ render_template", "%%template none.html"),
        ("%%route /p\nuser = 'Ada'\nrender_template('x.html', user)", "3 │", "render_template('x.html', user=user)"),
        # The request, the session and numbers
        ("%%route /p\nrequest.arg['q']", "2 │ request.arg['q']", "Write  request.args"),
        ("%%route /p\nrequest.get('q')", "2 │ request.get('q')", "Write  request.args.get('q')"),
        ("%%route /p\nrequest.args('q')", "2 │ request.args('q')", "request.args['q']   or  request.args.get('q')"),
        ("%%route /p\nrequest.args.get['q']", "2 │", "request.args.get('q')"),
        ("%%route /p\n1 + request.args.get('n', '1')", "2 │ 1 + ", "request.args.get('n', type=int)"),
        ("%%route /p\nsession['user']", "2 │ session['user']", "Ask with  session.get('user')"),
        ("%%route /p\ng.user", "2 │ g.user", 'Ask with  g.get("user")'),
        (flask("/p", "return url_for(page)"), "3 │ return url_for(page)", 'url_for("page")'),
        ("%%route /p\nredirect(url_for('/books'))", "2 │", "/books is a path: write the path as it is"),
        ("%%route /p\nlen(bookshelves)", "2 │", "If another cell makes `bookshelves`, run that cell first."),
        ("%%route /p\nredirect(url_for('nowhere'))", "2 │ redirect(url_for('nowhere'))", "'nowhere'"),
    ],
)
def test_a_failing_page_names_its_line_and_its_cure(notebook: RealKernel, cell: str, line: str, cure: str) -> None:
    text = shown(notebook, cell, "/p")
    assert line in text
    assert cure in text


@pytest.mark.parametrize(
    ("cell", "request_line", "cure"),
    [
        ("%%route /p\n'x'", "/p/", "Nearest: GET /p, without a slash at its end."),
        ("%%route /p\n'x'", "/p q=tea", "for the query write  %http /p q==…"),
        ("%%route /p\n'x'", "-f POST /p q=tea", "For a form:  %%route GET,POST /p"),
        ("%%route /p\nrequest.form['email']", "/p", "`%%route POST /p` and send  %http -f POST /p email=…"),
        ("%%route POST /p\nrequest.form['email']", "POST /p email=a@b.org", "%http -f POST /p email=a@b.org"),
        ("%%route POST /p\nrequest.form['email']", "-f POST /p mail=a", "Is `mail` the same?"),
        ("%%route /p\nrequest.args['q']", "/p", "Add it:  %http /p q==…"),
        ("%%route POST /p\nrequest.form['q']", "/p?q=tea", '<form method="post">\nFrom here:  %http -f POST /p q=…'),
        ("%%route POST /p\nrequest.args['q']", "/p?q=tea", "To answer GET too:  %%route POST,GET /p"),
        ("%%route GET,POST /p\nrequest.form['q']", "/p?q=tea", 'The query has it:  request.args["q"]'),
        ("%%route GET,POST /p\nrequest.args['q']", "-f POST /p q=tea", 'The form has it:  request.form["q"]'),
        ("%%route POST /p\nrequest.args['q']", "POST /p q=tea", 'The JSON has it:  request.json["q"]'),
        ("%%route POST /p\nrequest.files['a'].name", "-f POST /p a=b.png", 'enctype="multipart/form-data"'),
        ("%%route /p/<n>\nn + 1", "/p/5", "int(n), or let the rule say it:  <int:n>"),
        ("%%route /p\n'x', 401, {'WWW-Authenticate': 'Basic'}", "/p", "With them:  %http /p -a user:password"),
        ("%%route /p\n'x', 401, {'WWW-Authenticate': 'Bearer'}", "/p", "%http /p 'Authorization:Bearer …'"),
        ("%%route /p\nrequest.json['a']", "/p", "`%%route POST /p` and send  %http POST /p name=…"),
        ("%%route POST /p\nrequest.json['a']", "-f POST /p a=1", "Send JSON:  %http POST /p a=…"),
        ("%%route POST /p\nrequest.json['name']", "POST /p nme=x", "it has: nme. Is `nme` the same?"),
        ("%%route POST /p\nrequest.json.name", "POST /p name=x", 'with brackets:  ["name"]'),
        ("%%route /p\nstr(int(request.args['n']))", "/p?n=x", "request.args.get(…, type=int)"),
        ("%%route POST /p\nrequest.json['a']", "POST /p Content-Type:application/json", "the body is no JSON"),
        ("'no page'", "/static/none.css", "%%static none.css"),
        ("@app.route('/p/<name>')\ndef page():\n    return 'x'", "/p/Ada", "Write:  def page(name):"),
        (
            "@app.route('/p/<request>')\ndef page(request):\n    return request.args['a']",
            "/p/1",
            "`request` is here a value of the handler's own",
        ),
    ],
)
def test_a_refused_request_names_the_line_to_write(
    notebook: RealKernel, cell: str, request_line: str, cure: str
) -> None:
    assert cure in shown(notebook, cell, request_line)


@pytest.mark.parametrize(
    ("asks", "hint"),
    [
        ("input('name? ')", 'Take the value from the request, such as  request.args["name"]'),
        ("__import__('getpass').getpass()", 'Take the value from the request, such as  request.args["name"]'),
        ("breakpoint()", "a cell of its own:  %debug"),
        ("__import__('pdb').set_trace()", "a cell of its own:  %debug"),
        ("__import__('IPython').core.debugger.set_trace()", "a cell of its own:  %debug"),
    ],
)
def test_a_handler_that_waits_for_the_keyboard_is_refused_at_once(notebook: RealKernel, asks: str, hint: str) -> None:
    """A front end that was asked sends no cell before somebody types, and a deadline does not take that back."""
    notebook.check(f"%%route /p\nname = {asks}\n'Hello'", cell_id="page")
    for ask in ("%http /p", "%trace /p", "x = client.get('/p'); x"):
        reply = notebook.run(ask, cell_id="ask", typed=["c"])
        assert "NoKeyboard: " in reply.text
        assert f"2 │ name = {asks}" in reply.text
        assert hint in reply.text
        assert reply.stdout == ""
    assert notebook.run("input('who? ')", cell_id="plain", typed=["Ada"]).text == "'Ada'"


def test_a_visitor_is_not_waited_for_at_the_notebooks_keyboard(notebook: RealKernel) -> None:
    """While a cell runs, a kernel would ask its front end for a thread as well."""
    notebook.check("%%route /p\ninput('name? ')", cell_id="page")
    port = free_port()
    notebook.check(f"%serve --port {port}", cell_id="serve")
    visit = (
        f"import urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:{port}/p')\nexcept OSError as e: e.code"
    )
    assert notebook.run(visit, cell_id="visit", typed=["Ada"]).text == ""
    reply = notebook.run(f"{visit}\nclient.history[-1]", cell_id="visit", typed=["Ada"])
    assert "NoKeyboard: " in reply.text
    notebook.check("%serve --stop", cell_id="serve")


def test_a_template_names_the_line_of_its_cell(notebook: RealKernel) -> None:
    notebook.check("%%template outer.html\n<p>\n{% include 'inner.html' %}", cell_id="outer")
    notebook.check("%%template inner.html\n<b>\n\n{{ user.name }}", cell_id="inner")
    lines = shown(notebook, "%%route /p\nrender_template('outer.html')", "/p").splitlines()
    assert lines[1:] == [
        "GET /p, line 2, in p",
        "    2 │ render_template('outer.html')",
        "%%template outer.html, line 3",
        "    3 │ {% include 'inner.html' %}",
        "%%template inner.html, line 4",
        "    4 │ {{ user.name }}",
        "UndefinedError: 'user' is undefined",
        "The template was given no `user`. Give it one where it is rendered:  render_template(…, user=…)",
    ]


def test_methods_of_a_class_and_functions_of_a_module_are_named_by_their_own_lines(notebook: RealKernel) -> None:
    view = "from nbmicro.views import MethodView\nclass Page(MethodView):\n    def get(self):\n        text = 'x'"
    text = shown(notebook, f"{view}\napp.add_url_rule('/p', view_func=Page.as_view('p'))", "/p")
    assert "line 4 of the cell" in text
    assert "4 │ text = 'x'      Add the line `return text`." in text
    (notebook.cwd / "pages.py").write_text("def broken():\n    return None\n\ndef half(n):\n    return n / 0\n")
    text = shown(notebook, "import pages\napp.add_url_rule('/p', view_func=pages.broken)", "/p")
    assert "line 2 of pages.py" in text
    text = shown(notebook, "%%route /p\nstr(pages.half(1))", "/p")
    assert "pages.py, line 5, in half\n    5 │ return n / 0" in text


def test_a_cell_of_many_routes_is_named_by_its_first_line(notebook: RealKernel) -> None:
    text = shown(notebook, "@app.get('/p/1')\ndef one(): return '1'\n@app.get('/p/2')\ndef two(): return 1 / 0", "/p/2")
    assert "cell \"@app.get('/p/1')\", line 4, in two" in text


def test_a_recursion_is_folded(notebook: RealKernel) -> None:
    lines = shown(notebook, "%%route /p\ndef f(n):\n    return f(n + 1)\nstr(f(0))", "/p").splitlines()
    assert lines[3:] == [
        "GET /p, line 3, in f",
        "    3 │ return f(n + 1)",
        "      … again and again",
        "RecursionError: maximum recursion depth exceeded",
    ]


def test_causes_and_groups_are_told_with_their_lines(notebook: RealKernel) -> None:
    chained = "%%route /p\ntry:\n    {}['a']\nexcept KeyError as error:\n    raise RuntimeError('no a') from error"
    text = shown(notebook, chained, "/p")
    assert "RuntimeError: no a\nIt came from:\nGET /p, line 3" in text
    group = "%%route /p\nraise ExceptionGroup('two', [ValueError('one'), TypeError('other')])"
    text = shown(notebook, group, "/p")
    assert "Its exception 1:\nValueError: one\nIts exception 2:\nTypeError: other" in text


def test_hooks_and_error_handlers_are_named_as_the_ones_that_failed(notebook: RealKernel) -> None:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /\n1/0", cell_id="route")
        kernel.check("@app.errorhandler(ZeroDivisionError)\ndef sorry(error):\n    text = 'sorry'", cell_id="handler")
        text = kernel.check("%http /").text
        assert "The errorhandler function 'sorry' returned None" in text
        assert "3 │ text = 'sorry'      Add the line `return text`." in text
        kernel.check("@app.before_request\ndef early():\n    return 5", cell_id="handler")
        text = kernel.check("%http /").text
        assert "The before_request function 'early' returned an int (5). It returns in line 3 of the cell" in text
        kernel.check("@app.after_request\ndef late(response):\n    response.status_code = 201", cell_id="handler")
        kernel.check("%%route /\n'fine'", cell_id="route")
        text = kernel.check("%http /").text
        assert "'late' returned None, and must return the response. Add the line `return response`." in text


def test_what_no_server_could_send_is_noted_beside_it(notebook: RealKernel) -> None:
    assert "Note: A server cannot send the header X-Name: '—' is not in Latin-1" in shown(
        notebook, "%%route /p\n'x', 200, {'X-Name': '—'}", "/p"
    )
    assert "Note: A server cannot send the status 99999" in shown(
        notebook, "%%route /p\nResponse('x', status=99999)", "/p"
    )


def test_a_warning_that_is_an_error_is_the_handlers(notebook: RealKernel) -> None:
    cell = (
        "%%route /p\nimport warnings\nwith warnings.catch_warnings(action='error'):\n    warnings.warn('careful')\n'x'"
    )
    text = shown(notebook, cell, "/p")
    assert "    4 │ warnings.warn('careful')\nUserWarning: careful" in text


def test_the_debugger_opens_the_handlers_own_frame(notebook: RealKernel) -> None:
    notebook.check("def half(n):\n    none = 0\n    return n / none", cell_id="helper")
    shown(notebook, "%%route /p\nsecret = 41\nstr(half(secret))", "/p")
    reply = notebook.run("%debug", cell_id="debug", typed=["p none", "up", "p secret", "q"])
    assert reply.status == "ok"
    said = reply.stdout.splitlines()
    assert "0" in said
    assert "41" in said
    error = notebook.run("%tb", cell_id="tb").error
    assert error is not None
    assert "str(half(secret))" in error.traceback
    assert "nbmicro/" not in error.traceback


def test_the_debugger_opens_the_users_frames_also_behind_a_template(notebook: RealKernel) -> None:
    """The template's line as its cell counts it, with what it was given; one frame up is the handler."""
    notebook.check("%%template shares.html\n<p>Shares:\n{{ price / count }}</p>", cell_id="template")
    shown(notebook, "%%route /p\nsecret = 43\nrender_template('shares.html', price=17, count=0)", "/p")
    reply = notebook.run("%debug", cell_id="debug", typed=["p price", "up", "p secret", "q"])
    assert reply.status == "ok"
    said = re.sub(r"\x1b\[[0-9;]*m", "", reply.stdout)
    assert "----> 3 {{ price / count }}</p>" in said
    assert {"17", "43"} <= set(said.splitlines())
    assert "jinja2" not in said


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("%http /p name=Ada {{ nobody }}=1", "line 1, column 19"),
        ("%http   /p   {{ nobody }}=1", "line 1, column 14"),
        ("%http /p \\\n    name=Ada \\\n    age:={{ nobody }}", "line 3, column 10"),
        ("# a comment\nx = 1\nanswer = %http /p \\\n  q=={{ nobody }} \\\n  r==1", "line 4, column 6"),
        ("%http PSOT /p \\\n  name=Ada", "line 1, column 7"),
        ("%%http   PSOT /p\nX-A: b", "line 1, column 10"),
        ("%%route   POST {x}\n'x'", "line 1, column 16"),
    ],
)
def test_an_error_of_a_magics_line_has_the_place_that_the_editor_shows(
    notebook: RealKernel, cell: str, place: str
) -> None:
    """In lines that a backslash carries on too, and behind more spaces than one."""
    reply = notebook.run(cell, cell_id="place")
    assert reply.error is not None
    assert place in reply.error.traceback


def test_what_hides_a_builtin_of_python_is_told_with_the_line_that_gives_it_back(notebook: RealKernel) -> None:
    notebook.check("dict = {'a': 1}", cell_id="hides")
    text = shown(notebook, "%%route /p\ndict(a=1)", "/p")
    assert text.splitlines()[-1] == (
        "`dict` is here a value of your own (of type dict), not Python's `dict`. "
        "Name it otherwise, and to have Python's:  del dict"
    )
    notebook.check("del dict", cell_id="hides")
    assert shown(notebook, "%%route /p\ndict(a=1)", "/p").startswith("GET /p → 200 OK")


def test_a_handler_that_is_async_already_is_not_told_to_be(notebook: RealKernel) -> None:
    page = "@app.get('/p')\nasync def page():\n    return work()\nasync def work(): return 'x'"
    assert shown(notebook, page, "/p").endswith("Write  await work(…)")


def test_a_cure_is_said_once(notebook: RealKernel) -> None:
    assert shown(notebook, "%%route /p\njsonify({'a': {1}})", "/p").count("Make a list of it") == 1


def test_a_key_that_is_not_kept_is_noted_when_the_session_begins(notebook: RealKernel) -> None:
    page = "%%route /p\nsession.permanent = True\nsession['a'] = 1\n'x'"
    noted = ["Note: The session was signed" in shown(notebook, page, request) for request in ("--reset /p", "/p", "/p")]
    assert noted == [True, False, False]
