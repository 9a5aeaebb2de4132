"""``%app`` in a real kernel: Flask, Django and FastAPI apps from modules beside the notebook, asked and left again."""

from __future__ import annotations

import os
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel, Reply
from tests.support.asking import free_port

pytestmark = pytest.mark.kernel

FILES = {
    "shop.py": """
        from flask import Flask

        def create_app(word="tea"):
            app = Flask(__name__)
            app.secret_key = "for a test"

            @app.get("/")
            def index():
                return word

            @app.get("/boom")
            def boom():
                amount = 0
                return str(1 / amount)

            @app.get("/spin")
            def spin():
                open("spinning", "w").close()
                while True:
                    pass

            @app.get("/visits")
            def visits():
                from flask import session
                session["visits"] = session.get("visits", 0) + 1
                return str(session["visits"])

            return app

        word = "no app"
        """,
    "broken.py": """
        import os

        app = nothing_of_that_name
        """,
    "service.py": """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI, Header

        @asynccontextmanager
        async def lifespan(app):
            open("started", "w").close()
            yield
            open("stopped", "w").close()

        app = FastAPI(lifespan=lifespan)

        @app.get("/items/{id}")
        def item(id: int, x_tenant: str = Header("nobody")):
            return {"id": id, "tenant": x_tenant}

        @app.get("/boom")
        async def boom():
            raise ValueError("ouch")
        """,
    "project/manage.py": """
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_tea.settings")
        """,
    "project/site_of_tea/__init__.py": "",
    "project/site_of_tea/settings.py": """
        from pathlib import Path
        SECRET_KEY = "for a test"
        DEBUG = True
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "tea"]
        MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
        ROOT_URLCONF = "site_of_tea.urls"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "tea.db"}}
        """,
    "project/site_of_tea/urls.py": """
        from django.urls import path, re_path
        from tea import views

        urlpatterns = [
            path("teas/", views.teas, name="teas"),
            path("teas/<int:id>/", views.tea, name="tea"),
            re_path(r"^harvest/(?P<year>[0-9]{4})/$", views.harvest, name="harvest"),
            path("stream/", views.stream),
            path("boom/", views.boom),
            path("order/", views.Order.as_view()),
        ]
        """,
    "project/tea/__init__.py": "",
    "project/tea/models.py": """
        from django.db import models

        class Tea(models.Model):
            name = models.CharField(max_length=40)
        """,
    "project/tea/views.py": """
        from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
        from django.middleware.csrf import get_token
        from django.shortcuts import get_object_or_404
        from django.views import View
        from .models import Tea

        def teas(request):
            return JsonResponse({"teas": list(Tea.objects.values_list("name", flat=True))})

        def tea(request, id):
            return HttpResponse(get_object_or_404(Tea, pk=id).name)

        def harvest(request, year):
            return HttpResponse(f"of {year}")

        def stream(request):
            return StreamingHttpResponse(f"{one.name};" for one in Tea.objects.all())

        def boom(request):
            nothing = None
            return HttpResponse(nothing.name)

        class Order(View):
            def get(self, request):
                return HttpResponse(get_token(request))

            def post(self, request):
                return HttpResponse("ordered " + request.POST["tea"])
        """,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("notebook")
    for name, source in FILES.items():
        file = made / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source).lstrip())
    return made


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[RealKernel]:
    with RealKernel(cwd=folder) as kernel:
        yield kernel


@pytest.fixture
def kernel(shared: RealKernel) -> RealKernel:
    """The one kernel of these tests, with nbmicro loaded anew and none of what the test before left."""
    shared.check("%reload_ext nbmicro" if "nbmicro" in shared.check("%lsmagic").shown else "%load_ext nbmicro")
    shared.check("%app app")
    return shared


def failed(reply: Reply) -> str:
    assert reply.error is not None, reply.shown
    return reply.error.traceback


def test_a_flask_factory_is_spoken_to_and_left_again(kernel: RealKernel) -> None:
    """The line says what it is; %routes says where its functions are; the notebook's own app is untouched."""
    kernel.check('@app.get("/own")\ndef own(): return "own"')
    said = kernel.check("%app shop:create_app('coffee')").stdout
    assert said == "The magics now speak to shop:create_app('coffee') (Flask, 4 routes). Back: %app app\n"
    assert kernel.check("%http /").text == "GET / → 200 OK · text/html\ncoffee"
    assert "GET   /boom     boom     shop.py, line 11" in kernel.check("%routes").text
    assert kernel.check("%routes /visit").stdout == "/visit: no rule matches. /visits: one letter more.\n"
    assert kernel.check("%app").stdout.startswith("The magics speak to shop:create_app('coffee')")
    assert kernel.check("%app app").stdout == "The magics now speak to app (nbmicro, 1 route).\n"
    assert kernel.check("%http /own").text.endswith("own")


def test_a_failing_handler_shows_its_line_and_debug_opens_it(kernel: RealKernel) -> None:
    """Its frame, with its variables; the post-mortem names no frame of ours below it."""
    kernel.check("%app shop:create_app()")
    shown = kernel.check("%http /boom").text
    assert shown.splitlines()[1:] == [
        "shop.py, line 14, in boom",
        "   14 │ return str(1 / amount)",
        "ZeroDivisionError: division by zero",
    ]
    last = "import sys\nframe = sys.last_value.__traceback__\nwhile frame.tb_next: frame = frame.tb_next\n"
    assert kernel.check(f"{last}frame.tb_frame.f_locals['amount']").text == "0"
    assert "return str(1 / amount)" in kernel.check("%tb").shown


def test_an_interrupt_stops_a_handler_in_its_thread_and_says_where(kernel: RealKernel, folder: Path) -> None:
    """The app answers again at once."""
    kernel.check("%app shop:create_app()")
    running = kernel.send("%http /spin")
    deadline = time.monotonic() + 60
    while not (folder / "spinning").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kernel.interrupt()
    said = failed(running.result())
    assert "KeyboardInterrupt" in said
    assert "in spin" in said
    assert kernel.check("%http /").text.endswith("tea")


def test_each_app_has_its_own_cookies_and_exchanges_have_one_list(kernel: RealKernel) -> None:
    for target in ("shop:create_app()", "shop:create_app('other')"):
        kernel.check(f"%app {target}")
        assert kernel.check("%http /visits").text.endswith("1")
    kernel.check("%app shop:create_app()")
    assert kernel.check("%http /visits").text.endswith("2")
    assert kernel.check("%exchanges").text.count("/visits") == 3


def test_headers_go_with_each_request_and_secrets_are_masked(kernel: RealKernel) -> None:
    """A value may come from the notebook; a request's own header wins."""
    kernel.check("tenant = 'blue'")
    kernel.check("%app service:app -H 'X-Tenant: {{ tenant }}' -H 'Authorization: Bearer s3cret'")
    shown = kernel.check("%http /items/3 --show request,body")
    assert '"tenant": "blue"' in shown.text
    assert "s3cret" not in shown.text + shown.html
    assert '"tenant": "red"' in kernel.check("%http /items/3 X-Tenant:red").text
    kernel.check("del tenant")
    assert "the notebook has no `tenant`" in failed(kernel.run("%http /items/3"))


def test_a_fastapi_app_starts_up_and_shuts_down(kernel: RealKernel, folder: Path) -> None:
    """With %app, and when it is left; a refusal of its values is an answer like any other."""
    for name in ("started", "stopped"):
        (folder / name).unlink(missing_ok=True)
    assert "(FastAPI, 6 routes)" in kernel.check("%app service:app").stdout
    assert (folder / "started").exists()
    assert "422 Unprocessable" in kernel.check("%http /items/x").text
    assert 'raise ValueError("ouch")' in kernel.check("%http /boom").text
    assert not (folder / "stopped").exists()
    kernel.check("%app app")
    assert (folder / "stopped").exists()


def test_a_django_project_is_spoken_to_by_its_manage_py(kernel: RealKernel) -> None:
    """Its database answers although a loop runs in the cell; streams, forms with their token and errors as well."""
    assert kernel.check("%app project/manage.py").stdout.startswith(
        "The magics now speak to project/manage.py (Django, 6 routes)."
    )
    kernel.check(
        "from asgiref.sync import sync_to_async\n"
        "from django.core.management import call_command\n"
        "from tea.models import Tea\n"
        "await sync_to_async(call_command)('migrate', run_syncdb=True, verbosity=0)\n"
        "await Tea.objects.acreate(name='Assam')"
    )
    assert '"Assam"' in kernel.check("%http /teas/").text
    life = kernel.check("%trace /teas/ --show trace").text
    assert life.index("match") < life.index("/teas/ → teas") < life.index("handler") < life.index("views.py, line 7")
    assert kernel.check("%http /stream/").text.endswith("Assam;")
    assert kernel.check("%http /harvest/2020/").text.endswith("of 2020")
    assert "ANY        /harvest/<year>/   harvest" in kernel.check("%routes").text
    assert "GET,POST   /order/" in kernel.check("%routes").text
    assert "/teas/<int:id>/ → tea with id=3" in kernel.check("%routes /teas/3/").stdout
    missing = kernel.check("%http /teas/9/").text
    assert "No Tea matches the given query." in missing
    assert "<html" not in missing
    assert "Nearest: /teas/<int:id>/." in kernel.check("%http /tees/9/").text
    boom = kernel.check("%http /boom/")
    assert "return HttpResponse(nothing.name)" in boom.text
    assert boom.stderr == ""
    assert "Django wants the token of its form." in kernel.check("%http -f /order/ tea=Assam").text
    kernel.check("token = client.get('/order/', announce=False).response.cookies['csrftoken']")
    assert kernel.check("%http -f /order/ X-CSRFToken:{{token}} tea=Assam").text.endswith("ordered Assam")


def test_a_django_project_is_read_anew_but_for_its_models(kernel: RealKernel, folder: Path) -> None:
    """--reload: a changed view answers; of a changed model it is said that Django takes it once."""
    kernel.check("%app project/manage.py --reload")
    kernel.check("%http /harvest/2020/")
    views, models = (folder / "project/tea" / name for name in ("views.py", "models.py"))
    views.write_text(views.read_text().replace("of {year}", "from {year}"))
    shown = kernel.check("%http /harvest/2020/").text
    assert "from 2020" in shown
    assert "Note: tea.views changed; imported anew." in shown
    os.utime(models, (1, 1))
    assert "tea.models changed, but Django takes models and settings once" in kernel.check("%http /harvest/1999/").text


def test_changed_modules_are_imported_anew_and_a_broken_one_leaves_the_old_app(
    kernel: RealKernel, folder: Path
) -> None:
    """Also those that the target imports, and edits of one size within one second."""
    (folder / "words.py").write_text('word = "one"\n')
    (folder / "hot.py").write_text(
        "from flask import Flask\nimport words\napp = Flask(__name__)\napp.get('/')(lambda: words.word)\n"
    )
    kernel.check("%app hot:app --reload")
    assert kernel.check("%http /").text.endswith("one")
    (folder / "words.py").write_text('word = "two"\n')
    assert kernel.check("%http /").text.endswith("two\nNote: words changed; imported anew.")
    (folder / "words.py").write_text('word = "two"\nword = (\n')
    for _ in range(2):
        shown = kernel.check("%http /").text
        assert "\ntwo\n" in shown
        assert "the app from before answers. words.py, line 2, column 8: '(' was never closed." in shown
    (folder / "words.py").write_text('word = "six"\n')
    assert "\nsix\n" in kernel.check("%http /").text
    assert kernel.check("%http /").text.endswith("six")


def test_an_app_of_another_framework_may_be_a_variable_of_the_notebook(kernel: RealKernel) -> None:
    """Under any name by %app, or as `app` itself; its cell's lines are named, and running the cell again counts."""
    made = 'from flask import Flask\nsite = Flask("site")\n@site.get("/")\ndef index():\n    return 1 / %s\n'
    kernel.check(made % "0", cell_id="site")
    kernel.check("%app site")
    assert 'cell "from flask import Flask", line 5, in index' in kernel.check("%http /").text
    kernel.check((made % "1").replace("1 / 1", '"mended"'), cell_id="site")
    assert kernel.check("%http /").text.endswith("mended")
    kernel.check("%app app\nmine, app = app, site")
    assert kernel.check("%http /").text.endswith("mended")
    kernel.check("app = mine")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%app nomodule:app", ("there is no module 'nomodule'", "a file nomodule.py beside the notebook", "%app app")),
        ("%app math:pi", ("answers no requests", "math has no app. Name one", "shop:create_app()")),
        ("%app shop:word", ("'word' is 'no app', and that answers no requests.", "There is:  shop:create_app()")),
        ("%app shop:create_app", ("is the function create_app(word='tea')", "call it:  shop:create_app()")),
        ("%app shop:creat_app()", ("there is no 'creat_app()' in it.", "Did you mean shop:create_app?")),
        ("%app broken:app", ("broken.py, line 3: NameError: name 'nothing_of_that_name' is not defined",)),
        ("%app no_such_module:app", ("there is no module 'no_such_module' here",)),
        ("%app shop", ("The notebook has no `shop`.", "%app shop:app")),
        (
            "%app holder.server",
            ("`holder` is a name of this notebook", "server = holder.server   and then"),
        ),
        ("%app factory()", ("`factory` is a name of this notebook", "my_app = factory()   and then  %app my_app")),
        ("%app factory", ("it is of type function", "my_app = factory()   and then  %app my_app")),
        ("%app app --relaod", ("%app has no option --relaod.", "Did you mean --reload?")),
        ("%app app shop:app", ("%app takes one app",)),
        ("%app app --reload", ("--reload imports changed modules anew, and app is no module's app.",)),
        ("%app app -H nonsense", ("-H takes a header; nonsense is none.",)),
    ],
)
def test_what_is_no_app_is_named_with_what_there_is(kernel: RealKernel, cell: str, words: tuple[str, ...]) -> None:
    """And the magics go on speaking to the app from before."""
    kernel.check("import types\nholder = types.SimpleNamespace()\ndef factory(): pass")
    said = failed(kernel.run(cell))
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert kernel.check("%app").stdout.startswith("The magics speak to app (nbmicro")


def test_a_route_that_requests_pass_by_says_so_and_how_to_go_back(kernel: RealKernel) -> None:
    """Its line alone would let one ask for it, and the other app has none of it."""
    declare = '@app.get("/x")\ndef x(): return "x"'
    kernel.check("%app shop:create_app()")
    passed = "GET /x → x\nRequests go to shop:create_app() now, which has none of that. Back:  %app app\n"
    assert kernel.check(declare, cell_id="declare").stdout == passed
    assert kernel.check("%http /x").text.startswith("GET /x → 404")
    kernel.check("%app app")
    assert kernel.check(declare, cell_id="declare").stdout == "GET /x → x\n"
    assert kernel.check("%http /x").text.endswith("x")
    kernel.check("from nbmicro import App\nother = App('other')\n%app other")
    assert kernel.check(declare.replace("app", "other")).stdout == "GET /x → x\n"


@pytest.mark.parametrize(
    "wrapped",
    [
        "lambda environ, start_response: app(environ, start_response)",
        "__import__('werkzeug.middleware.proxy_fix').middleware.proxy_fix.ProxyFix(app)",
    ],
)
def test_a_middleware_does_not_pass_the_app_by_that_it_is_put_around(kernel: RealKernel, wrapped: str) -> None:
    kernel.check(f"wrapped = {wrapped}\n%app wrapped")
    try:
        assert kernel.check('@app.get("/within")\ndef within(): return "within"').stdout == "GET /within → within\n"
        assert kernel.check("%http /within").text.endswith("within")
    finally:
        kernel.check("%app app")


@pytest.mark.parametrize("cell", ["%%route /x\n'x'", "%%template x.html\n<p>", "%%static x.css\np {}"])
def test_declaring_on_somebody_elses_app_says_what_to_do(kernel: RealKernel, cell: str) -> None:
    kernel.check("%app shop:create_app()")
    said = failed(kernel.run(cell))
    assert "shop:create_app(), a Flask app" in said
    assert "%app app" in said


def test_serve_serves_what_the_magics_speak_to(kernel: RealKernel) -> None:
    """A Flask app and an async one, in a visitor's browser."""
    port = free_port()
    kernel.check("%app shop:create_app()")
    assert f"Serving shop:create_app() at http://127.0.0.1:{port}/" in kernel.check(f"%serve --port {port}").text
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.read() == b"tea"
    kernel.check("%app service:app")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/items/3", timeout=30) as answer:
        assert answer.read() == b'{"id":3,"tenant":"nobody"}'
    assert "server" in kernel.check("%exchanges").text
    kernel.check("%serve --stop")


def test_unloading_leaves_no_thread_and_no_receiver(kernel: RealKernel) -> None:
    """Of a WSGI app and of an ASGI one that were asked."""
    kernel.check("%app shop:create_app()")
    kernel.check("%http /boom -q")
    kernel.check("%app service:app")
    kernel.check("%http /items/3 -q")
    kernel.check("%unload_ext nbmicro")
    left = (
        "import threading\n[one.name for one in threading.enumerate() if 'nbmicro' in one.name or 'AnyIO' in one.name]"
    )
    assert kernel.check(left).text == "[]"
    kernel.check("import flask.signals")
    assert kernel.check("len(flask.signals.got_request_exception.receivers)").text == "0"
    kernel.check("%load_ext nbmicro")


def test_help_tells_what_a_target_may_be(kernel: RealKernel) -> None:
    shown = kernel.check("%app --help").stdout
    for word in ("shop:create_app('test')", "manage.py", "-H", "--reload"):
        assert word in shown


def test_a_module_that_runs_its_app_when_it_is_imported_does_not_hold_the_cell(
    kernel: RealKernel, folder: Path
) -> None:
    """A beginner's last line is app.run(), without a guard."""
    (folder / "beginners.py").write_text("from flask import Flask\napp = Flask(__name__)\napp.run()\n")
    assert "The magics now speak to beginners:app" in kernel.check("%app beginners:app").stdout


def test_a_log_that_was_set_up_before_is_told_once(kernel: RealKernel, folder: Path) -> None:
    """Handlers that the module made hold the old stream, and Flask's own writes to the request's; both with a time."""
    (folder / "logged.py").write_text(
        "import logging\nfrom flask import Flask\n"
        "app = Flask(__name__)\napp.logger.debug('its handler is made now')\n"
        "handler = logging.StreamHandler()\nhandler.setFormatter(logging.Formatter('%(asctime)s %(message)s'))\n"
        "logging.getLogger('stock').addHandler(handler)\nlogging.getLogger().addHandler(handler)\n"
        "@app.get('/')\ndef index():\n    app.logger.warning('by Flask')\n"
        "    logging.getLogger('stock').warning('by stock')\n    return 'done'\n"
    )
    kernel.check("%app logged:app")
    shown = kernel.check("%http /")
    assert shown.stderr == ""
    assert shown.text.splitlines()[1:] == [
        "done",
        "    log │ WARNING logged: by Flask",
        "        │ WARNING stock: by stock",
    ]
    kernel.check("import logging; logging.getLogger().handlers.clear()")


def test_an_installed_package_is_the_users_own_while_it_is_spoken_to(kernel: RealKernel, folder: Path) -> None:
    """Back at the notebook's app the package is a library again, once no browser is on its app any more."""
    (folder / "site-packages" / "teapot").mkdir(parents=True)
    (folder / "site-packages" / "teapot" / "__init__.py").write_text(
        "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef pour():\n    return str(1 / 0)\n"
    )
    kernel.check("import sys\nsys.path.insert(0, 'site-packages')\nimport teapot")
    kernel.check("%%route /\nteapot.pour()")

    def line_of_package_is_shown(cell: str = "%http /") -> bool:
        shown = kernel.check(cell, cell_id="asking").shown
        assert "ZeroDivisionError" in shown
        return "return str(1 / 0)" in shown

    assert not line_of_package_is_shown()
    kernel.check("%app teapot:app")
    assert line_of_package_is_shown()
    kernel.check("%app teapot:app -H 'X: 1'")
    assert line_of_package_is_shown()
    kernel.check("%app app")
    assert not line_of_package_is_shown()
    kernel.check("%app teapot:app")
    assert line_of_package_is_shown("%browse /")
    kernel.check("%app app")
    assert line_of_package_is_shown()
    kernel.check("%browse /nothing", cell_id="asking")
    assert not line_of_package_is_shown()
