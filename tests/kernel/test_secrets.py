"""A secret that a request or a response carried is nowhere in the notebook that is saved, whatever was shown of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from nbmicro.testing.kernel import RealKernel
from tests.support.asking import ask, free_port

#: What must not be found; each stands in the kernel's environment, never in a cell.
SECRETS = {
    "BEARER": "bearer-71fd20aa93",
    "PASSWORD": "passw-5c2e77b1d0",
    "API_KEY": "apikey-09e1c4a6f2",
    "COOKIE": "cookie-b83f61d5e7",
    "ISSUED": "issued-4a90cc1be8",
    "NAMED": "named-e6d2085f3c",
    "SPACED": "sp aced/'é-5b7d91c0",
    "LONG": "long-" + "0123456789abcdef" * 20,
}
APP = """
import logging, os, warnings
env = os.environ
app.secret_key = "not a secret of this test"

@app.route("/me", methods=["GET", "POST"])
def me():
    session["who"] = env["ISSUED"]
    answer = make_response({"ok": True})
    answer.set_cookie("ticket", env["ISSUED"])
    return answer

@app.route("/talks", methods=["GET", "POST"])
def talks():
    print(dict(request.headers), request.authorization, dict(request.cookies))
    logging.getLogger("shop").warning("came with %s", request.headers.get("Authorization"))
    warnings.warn(f"old key {request.headers.get('X-Api-Key')} for {request.headers.get('X-Named')}")
    return "ok", {"X-Echo": request.headers.get("Authorization", "")}

@app.route("/fails", methods=["GET", "POST"])
def fails():
    try:
        raise KeyError(request.headers.get("X-Api-Key"))
    except KeyError:
        raise ValueError(f"bad token {request.headers.get('Authorization')} {request.cookies}")

@app.get("/refuses")
def refuses():
    abort(403)

@app.get("/several")
def several():
    raise ExceptionGroup("two", [ValueError(request.args["token"]), KeyError(request.args["token"])])

@app.post("/members")
def members():
    print(request.json)
    raise ValueError(request.json["token"])

@app.route("/shows", methods=["GET", "POST"])
def shows():
    from IPython.display import SVG, display
    token = request.values["Token"]
    display(token, {"a": [token]})
    display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg'><title>{token}</title></svg>"))
    print(request.get_data(), request.authorization)
    raise ExceptionGroup(token, [ExceptionGroup("inner", [ValueError({"in": token})])])

@app.get("/leads")
def leads():
    return redirect(f"/me?token={request.args['token']}")

@app.get("/needs")
def needs():
    return request.form["name"]
"""
CELLS = [
    "client.hide('X-Named', 'pin', 'token')",
    "%http /me Authorization:'Bearer {{ env[\"BEARER\"] }}' X-Api-Key:{{env['API_KEY']}} X-Named:{{env['NAMED']}}",
    "%http /me -a {{env['USER_PASS']}} --show all",
    "%http /talks Authorization:'Bearer {{ env[\"BEARER\"] }}' X-Api-Key:{{env['API_KEY']}} X-Named:{{env['NAMED']}}",
    "%http /talks -a {{env['USER_PASS']}} --show all",
    "%http /talks Cookie:seen={{env['COOKIE']}}",
    "%http /fails Authorization:'Bearer {{ env[\"BEARER\"] }}' X-Api-Key:{{env['API_KEY']}} Cookie:c={{env['COOKIE']}}",
    "%http /fails -a {{env['USER_PASS']}} --show trace --expect 200",
    "%http /refuses Authorization:'Bearer {{ env[\"BEARER\"] }}' --show all",
    "%http /missing Authorization:'Bearer {{ env[\"BEARER\"] }}' pin=={{env['NAMED']}}",
    "%http DELETE /me -a {{env['USER_PASS']}}",
    "%http POST /me pin={{env['NAMED']}} -f --show request,curl",
    "%http -q /me Authorization:'Bearer {{ env[\"BEARER\"] }}'",
    "%%http\n# @name asked\nGET /talks\nAuthorization: Bearer {{ env['BEARER'] }}\nX-Api-Key: {{ env['API_KEY'] }}\n\n"
    "HTTP 200\n[Asserts]\nheaders['X-Echo'] == 'another'\nresponse.request.headers['X-Api-Key'] == 'that'",
    "%%http\nGET /me\n\nHTTP 200\nSet-Cookie: another\n[Asserts]\ncookies['ticket'] == 'another'",
    "%%http\nGET /me\n\nHTTP 200\n[Asserts]\nheaders['Set-Cookie'] == 1",
    "asked",
    "asked.request, asked.response",
    "client.get('/me').headers",
    "asked.request.headers",
    "print(asked.as_curl()); print(asked.as_http()); print(asked.checks)",
    "asked.replay()",
    "list(client.history)",
    "client.cookies, client, app",
    "%trace /talks Authorization:'Bearer {{ env[\"BEARER\"] }}'",
    "%exchanges 100",
    "r = client.get('/me', headers={'X-Named': env['NAMED'], 'Authorization': env['BEARER']}); r",
    "%http /me Authorization:'Bearer {{ env[\"BEARER\"] + chr(10) }}'",
    "%http /me X-Api-Key:{{ env['API_KEY'].missing }}",
    "%http /me?token={{env['NAMED']}} --expect 500",
    "%http /me?token={{env['SPACED']}} --expect 500",
    "%bench /me?token={{env['NAMED']}} -n 20",
    "%http /several?token={{env['NAMED']}}",
    "client.history[-1].error",
    "client.history[-1].error.parts",
    "%http /talks X-Named:{{env['NAMED']}}",
    "client.history[-1].logs, client.history[-1].output, client.history[-1].request.headers",
    "%http POST /members token={{env['SPACED']}}",
    "client.history[-1].error",
    "%http POST /members token:='[[{{env[\"NAMED\"]}}]]' --show all",
    *(
        f"%http {method} /shows{start}{value} {options}"
        for value in ("{{env['NAMED']}}", "{{env['SPACED']}}")
        for method, start, options in (
            ("GET", "?Token=", "--show all"),
            ("POST", " -f TOKEN=", "--expect 200"),
            ("POST", " --multipart Token=", "--expect 200 --show all"),
        )
    ),
    "client.history[-1].error.parts[0].parts, client.history[-1].output",
    '%http POST /members user:=\'{"TOKEN": "{{env["NAMED"]}}"}\' token=x --show all --expect 200',
    "%http /shows?Token=x -a {{env['NAMED']}}: --expect 200 --show all",
    "%http /talks X-Goog-Api-Key:{{env['API_KEY']}} PRIVATE-TOKEN:{{env['API_KEY']}} --show all",
    "%bench /shows -f Token={{env['NAMED']}} -n 5",
    "%http /leads?token={{env['NAMED']}} --show all",
    "%http -F /leads?token={{env['NAMED']}} --show all",
    "%http /needs?token={{env['NAMED']}}",
    "%http {{'me'}}?token={{env['NAMED']}}",
    "client.get('me?token=' + env['NAMED'])",
    "app.test_client().get('/me?token=' + env['NAMED'])",
    "%%http\nGET /me\nX-Api-Key: {{ env['LONG'] }}\n\nHTTP 200\n[Asserts]\n"
    "response.request.headers['X-Api-Key'] == 'that'",
    "%trace /members?token={{env['NAMED']}}",
]


@pytest.fixture(scope="module")
def secretive() -> Iterator[RealKernel]:
    """A kernel that has the secrets in its environment."""
    with RealKernel(env={**SECRETS, "USER_PASS": f"ada:{SECRETS['PASSWORD']}"}) as kernel:
        kernel.check("%load_ext nbmicro", cell_id="load")
        kernel.check(APP, cell_id="app")
        yield kernel


def _ran(kernel: RealKernel, cells: list[str]) -> NotebookNode:
    """The cells as a notebook with what they showed."""
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(cells):
        reply = kernel.run(source, cell_id=f"c{number}")
        cell = nbformat.v4.new_code_cell(source)
        for name, text in (("stdout", reply.stdout), ("stderr", reply.stderr)):
            cell.outputs.append(nbformat.v4.new_output("stream", name=name, text=text))
        cell.outputs += [
            nbformat.v4.new_output("display_data", data=dict(one.data), metadata=dict(one.metadata))
            for one in reply.outputs
        ]
        if reply.error is not None:
            shown = {"ename": reply.error.name, "evalue": reply.error.value, "traceback": [reply.error.traceback]}
            cell.outputs.append(nbformat.v4.new_output("error", **shown))
        notebook.cells.append(cell)
    return notebook


def test_no_secret_of_a_request_and_no_cookie_of_a_response_is_in_the_saved_notebook(
    secretive: RealKernel, tmp_path: Path
) -> None:
    notebook = _ran(secretive, CELLS)
    file = tmp_path / "saved.ipynb"
    nbformat.write(notebook, file)
    saved = file.read_text("utf-8")
    # The cells did what they should: the masks stand where the secrets were.
    assert saved.count("•••") > 100
    assert "bad token" in saved
    assert "came with" in saved
    session = secretive.check("client.cookies.header('localhost', '/')", cell_id="jar").text
    issued = session.partition("session=")[2].partition(";")[0].strip("'\"")
    assert len(issued) > 20
    wanted = {
        **SECRETS,
        # In a URL, in JSON and in Python it is another text, and a long one may have been cut: a part of each will do.
        "SPACED": "5b7d91c0",
        "LONG": "long-0123456789",
        "BASIC": base64.b64encode(f"ada:{SECRETS['PASSWORD']}".encode()).decode().rstrip("="),
        "SESSION": issued,
    }
    places = [
        (name, cell.source, repr(output)[:2000])
        for cell in notebook.cells
        for output in cell.outputs
        for name, secret in wanted.items()
        if secret in str(output)
    ]
    assert places == [], "\n".join(map(str, places))
    assert not [name for name, secret in wanted.items() if secret in saved]


def test_what_is_hidden_late_is_hidden_of_a_server_and_of_what_was_sent_before(secretive: RealKernel) -> None:
    """Also of exchanges of a server that ran then, and of those that are shown once more."""
    port = free_port()
    secretive.check("before = client.get('/me', query={'late': env['NAMED']}, announce=False)", cell_id="before")
    secretive.check(f"%serve --port {port}", cell_id="serve")
    secretive.check("client.hide('late')", cell_id="hide")
    assert ask(port, f"/me?late={SECRETS['NAMED']}")[0] == 200
    assert "/me?late=••• → 200" in secretive.check("before", cell_id="shown").text
    listed = secretive.check("%exchanges 2", cell_id="listed")
    assert listed.text.count("/me?late=•••") == 2
    assert "server" in listed.text
    assert SECRETS["NAMED"] not in str(listed.outputs)
    secretive.check("%serve --stop", cell_id="serve")


def test_a_secret_is_written_where_it_is_asked_for(secretive: RealKernel) -> None:
    secretive.check("one = client.get('/me', headers={'Authorization': 'Bearer ' + env['BEARER']})", cell_id="ask")
    for call in ("as_curl", "as_http"):
        assert SECRETS["BEARER"] in secretive.check(f"print(one.{call}(secrets=True))", cell_id="asked").stdout


def test_the_widgets_of_explore_and_browse_tell_no_secret(secretive: RealKernel) -> None:
    """Their errors and their lists would be saved with the notebook."""
    secretive.check(
        "client.hide('pin', 'token')\n"
        "@app.get('/counts')\ndef counts():\n"
        "    count = request.args.get('pin', type=int)\n    raise ValueError(request.args['token'])",
        cell_id="counts",
    )
    secretive.check("%explore", cell_id="explore")
    panel = (
        "import gc, time\nfrom nbmicro.notebook.explore.explorer import Explorer\n"
        "panel = next(one for one in gc.get_objects() if isinstance(one, Explorer))\n"
        "def press(what, text=''):\n    panel._panel.keys._handle_custom_msg({'do': what, 'text': text}, [])\n"
        "press('search', 'counts')\n"
    )
    secretive.check(panel)
    wrong = secretive.check(
        "panel._fields._widgets['query', 'pin'].value = env['NAMED']\npress('send')\nprint(panel._panel.error.value)"
    ).stdout
    assert wrong == "`pin` is a whole number; `•••` is none.\n"
    secretive.check(
        "panel._fields._widgets['query', 'pin'].value = ''\n"
        "panel._fields._widgets['query', 'token'].value = env['NAMED']\npress('send')\n"
        "end = time.monotonic() + 20\nwhile not panel._sent and time.monotonic() < end: time.sleep(0.01)"
    )
    secretive.check("shown = panel._panel")
    shown = "shown.history.options, shown.output.outputs, shown.error.value, shown.message.value"
    sent = secretive.check(f"print({shown})").stdout
    assert "1  GET /counts?token=••• → 500" in sent
    assert SECRETS["NAMED"] not in sent
    code = secretive.check(
        "press('cell')\nprint(panel._panel.code.value)\npress('curl')\nprint(panel._panel.code.value)"
    )
    assert code.stdout.count("/counts?token=•••") == 2
    assert SECRETS["NAMED"] not in code.stdout

    secretive.check("get_ipython().run_line_magic('browse', '/counts?token=' + env['NAMED'])", cell_id="browse")
    reply = secretive.run("get_ipython().run_line_magic('browse', '/counts?token=' + env['NAMED'])", cell_id="browse")
    assert reply.outputs[0].data["text/plain"].startswith("A browser at /counts?token=•••: ")
    assert SECRETS["NAMED"] not in str(reply.outputs)
    explained = secretive.check("get_ipython().run_line_magic('routes', '/counts?token=' + env['NAMED'])").stdout
    assert SECRETS["NAMED"] not in explained
    assert "counts" in explained
