"""Whatever a cell declares lives and dies with it: run again it counts once, edited it is replaced, failing it leaves
the old one, deleted it is gone; with cell ids and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

#: What each kind's cell declares (▮ is the version), and what the page that looks at it answers with version 1.
KINDS = {
    "route": ("@app.get('/kind')\ndef kind(): return 'v▮'", "client.get('/kind', follow=False).text"),
    "before_request": (
        "@app.before_request\ndef note(): g.seen = getattr(g, 'seen', '') + 'v▮'",
        "page('{{ g.seen }}')",
    ),
    "after_request": (
        "@app.after_request\ndef note(response):\n    response.headers.add('X-Seen', 'v▮')\n    return response",
        "''.join(client.get('/page').headers.getlist('X-Seen'))",
    ),
    "teardown_request": (
        "@app.teardown_request\ndef note(error): torn.append('v▮')",
        "(torn.clear(), client.get('/page'), ''.join(torn))[-1]",
    ),
    "errorhandler": ("@app.errorhandler(410)\ndef gone(error): return 'v▮', 410", "client.get('/gone').text"),
    "errorhandler of a class": (
        "@app.errorhandler(ZeroDivisionError)\ndef zero(error): return 'v▮'",
        "client.get('/zero').text",
    ),
    "context_processor": ("@app.context_processor\ndef words(): return {'word': 'v▮'}", "page('{{ word }}')"),
    "template_filter": ("@app.template_filter('kind')\ndef kind(text): return 'v▮'", "page('{{ 1 | kind }}')"),
    "template_test": (
        "@app.template_test('version')\ndef version(text): return text == 'v▮'",
        'page(\'{% for one in ["v1", "v2"] if one is version %}{{ one }}{% endfor %}\')',
    ),
    "template_global": ("@app.template_global('kind')\ndef kind(): return 'v▮'", "page('{{ kind() }}')"),
    "jinja_env": ("app.jinja_env.globals['term'] = 'v▮'", "page('{{ term }}')"),
    "url_defaults": (
        "@app.url_defaults\ndef defaults(endpoint, values):\n    values.setdefault('version', 'v▮')",
        "page('{{ url_for(\"page\") }}').partition('=')[2]",
    ),
    "url_value_preprocessor": (
        "@app.url_value_preprocessor\ndef read(endpoint, values): g.seen = getattr(g, 'seen', '') + 'v▮'",
        "page('{{ g.seen }}')",
    ),
    "template": ("%%template kind.html\nv▮", "page('{% include \"kind.html\" ignore missing %}')"),
    "static": ("%%static kind.txt\nv▮", "client.get('/static/kind.txt').text"),
    "receiver": (
        "from nbmicro import request_started\n@request_started.connect\ndef hear(sender, **more): torn.append('v▮')",
        "(torn.clear(), client.get('/page'), ''.join(torn))[-1]",
    ),
    "blueprint": (
        "bp = Blueprint('kinds', 'kinds')\n@bp.get('/kind')\ndef kind(): return 'v▮'\napp.register_blueprint(bp)",
        "client.get('/kind').text",
    ),
    "blueprint's hook": (
        "hooks = Blueprint('hooks', 'hooks')\n@hooks.before_app_request\ndef note():\n"
        "    g.seen = getattr(g, 'seen', '') + 'v▮'\napp.register_blueprint(hooks)",
        "page('{{ g.seen }}')",
    ),
    "extension": ("app.extensions['kind'] = 'v▮'", "str(app.extensions.get('kind', ''))"),
}

SETUP = """
torn = []
@app.get("/page")
def page_(): return render_template_string(request.args["t"])
@app.get("/gone")
def gone_(): abort(410)
@app.get("/zero")
def zero_(): return str(1 / 0)
import urllib.parse
def page(template):
    return client.get("/page?t=" + urllib.parse.quote(template)).text
"""


@pytest.fixture(scope="module")
def with_ids() -> Iterator[RealKernel]:
    with RealKernel() as real:
        start(real)
        yield real


@pytest.fixture(scope="module")
def without_ids() -> Iterator[RealKernel]:
    with RealKernel(cell_ids=False) as real:
        start(real)
        yield real


def start(kernel: RealKernel) -> None:
    kernel.check("%load_ext nbmicro", cell_id="load")
    kernel.check(SETUP, cell_id="setup")
    kernel.check("app.add_url_rule('/named', 'page', lambda: '')", cell_id="named")


def looked_at(kernel: RealKernel, kind: str) -> str:
    """Which versions the page that looks at the kind has: `v1`, `v2`, or none."""
    quietly = "from IPython.utils.capture import capture_output\nwith capture_output():\n    answer = "
    text = kernel.check(f"{quietly}{KINDS[kind][1]}\nprint(answer)", cell_id="look").stdout.strip()
    return text if text in ("v1", "v2", "v1v1", "v2v2", "v1v2", "v3") else "none"


@pytest.mark.parametrize("kind", KINDS)
def test_it_lives_and_dies_with_its_cell(with_ids: RealKernel, kind: str) -> None:
    kernel, cell = with_ids, KINDS[kind][0]
    assert looked_at(kernel, kind) == "none"
    for _ in range(2):
        kernel.check(cell.replace("▮", "1"), cell_id=kind)
        assert looked_at(kernel, kind) == "v1"
    kernel.check(cell.replace("▮", "2"), cell_id=kind)
    assert looked_at(kernel, kind) == "v2"
    if not cell.startswith("%%"):
        assert kernel.run(cell.replace("▮", "3") + "\n1/0", cell_id=kind).error is not None
        assert looked_at(kernel, kind) == "v2"
    kernel.run("0", cell_id="other", deleted=[kind])
    assert looked_at(kernel, kind) == "none"


@pytest.mark.parametrize("kind", KINDS)
def test_without_cell_ids_it_is_known_by_its_name(without_ids: RealKernel, kind: str) -> None:
    cell = KINDS[kind][0]
    for version in ("1", "1", "2"):
        without_ids.check(cell.replace("▮", version))
        assert looked_at(without_ids, kind) == f"v{version}"
    # What has no name of its own to be dropped by goes on being there; the next kinds must not see it.
    if kind in ("before_request", "after_request", "teardown_request", "context_processor", "url_value_preprocessor"):
        without_ids.check(cell.replace("'v▮'", "''"))
