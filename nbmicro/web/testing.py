"""An app's tests in Flask's way: a client, a builder of environs, a runner of commands."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner as ClickRunner
from click.testing import Result
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request as BaseRequest

from nbmicro.web.contexts import AppContext
from nbmicro.web.environ import PRESERVE_CONTEXT
from nbmicro.web.owners import Run, current_run
from nbmicro.web.sessions import NO_KEY

if TYPE_CHECKING:
    from nbmicro.web.app import App


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Werkzeug's builder of WSGI environs, which takes host, prefix and scheme from an app's configuration.

    Parameters
    ----------
    app:
        The app.
    path:
        The path, with its query if it has one; of a full URL the scheme and host count as well.
    base_url:
        Scheme, host and prefix; by default of PREFERRED_URL_SCHEME, SERVER_NAME (or ``localhost``) and
        APPLICATION_ROOT.
    subdomain:
        Put before the host.
    url_scheme:
        Instead of PREFERRED_URL_SCHEME.
    args, kwargs:
        Werkzeug's own: ``method``, ``json``, ``data``, ``headers``, ``query_string`` …

    Raises
    ------
    AssertionError
        ``subdomain`` or ``url_scheme`` comes with ``base_url``.
    """

    def __init__(
        self,
        app: App,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if base_url is None:
            url = urlsplit(path)
            host = app.config["SERVER_NAME"] or "localhost"
            if subdomain:
                host = f"{subdomain}.{host}"
            root = app.config["APPLICATION_ROOT"].lstrip("/")
            scheme = url.scheme or url_scheme or app.config["PREFERRED_URL_SCHEME"]
            base_url = f"{scheme}://{url.netloc or host}/{root}"
            path = f"{url.path}?{url.query}" if url.query else url.path
        elif subdomain or url_scheme:
            raise AssertionError(
                'Cannot pass "subdomain" or "url_scheme" with "base_url": a base_url has its host and scheme.'
            )
        self.app = app
        super().__init__(path, base_url, *args, **kwargs)

    def json_dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write JSON as the app does."""
        return self.app.json.dumps(obj, **kwargs)


class _Entered:
    """Who is inside a client's ``with``, so that a block that was never left does not pass for a nested one."""

    def __init__(self, frame: FrameType | None) -> None:
        while frame is not None and frame.f_globals.get("__name__") == "contextlib":
            frame = frame.f_back
        self.run: Run | None = current_run()
        self.frame: FrameType | None = frame

    def is_alive(self) -> bool:
        """Whether the block may still be running."""
        if self.run is not None and not self.run.open:
            return False  # the cell has ended
        if self.frame is None:
            return True
        if self.frame.f_code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            return True  # suspended, perhaps
        for frame in sys._current_frames().values():
            current: FrameType | None = frame
            while current is not None:
                if current is self.frame:
                    return True
                current = current.f_back
        return False


class TestClient(Client):
    """Werkzeug's client for one app. In a ``with`` block the context of the last request stays, so that ``request``,
    ``session`` and ``g`` can be looked at; its teardown runs before the next request, or at the end of the block.

    Parameters
    ----------
    args, kwargs:
        The app, its response class, ``use_cookies`` and ``allow_subdomain_redirects``.

    Attributes
    ----------
    environ_base:
        What every environ has unless the request says otherwise.
    preserve_context:
        Whether the context of a request stays: in a ``with`` block.
    """

    __test__ = False
    application: App

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[AppContext] = []
        self._entered: _Entered | None = None
        self.preserve_context = False
        self.environ_base: dict[str, Any] = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": f"Werkzeug/{_werkzeug_version()}",
        }

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Open the session that the next request will find; what the block changes in it is kept in the cookie.

        Parameters
        ----------
        args, kwargs:
            Of a made-up request that it is opened for, as of ``app.test_request_context``.

        Raises
        ------
        TypeError
            The client keeps no cookies.
        RuntimeError
            The app opens no session, for it has no secret key.
        """
        if self._cookies is None:
            raise TypeError("This client keeps no cookies, so it has no session: make it with use_cookies=True.")
        app = self.application
        interface = app.session_interface
        context = app.test_request_context(*args, **kwargs)
        self._add_cookies_to_wsgi(context.environ)
        with context:
            session = interface.open_session(app, context.request)
        if session is None:
            raise RuntimeError(f"Session backend did not open a session. {NO_KEY}")
        yield session
        if interface.is_null_session(session):
            return
        response = app.response_class()
        with context:
            interface.save_session(app, session, response)
        self._update_cookies_from_response(
            context.request.host.partition(":")[0], context.request.path, response.headers.getlist("Set-Cookie")
        )

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request.

        Parameters
        ----------
        args:
            A builder, an environ or a request; else, with the keywords, the arguments of :class:`EnvironBuilder`.
        buffered:
            Whether to read the whole body at once.
        follow_redirects:
            Whether to go on to where redirects lead.
        """
        request = self._request_for(args) or self._request_from_builder_args(args, kwargs)
        self._release()
        response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        response.json_module = self.application.json  # type: ignore[assignment]
        return response

    def _request_for(self, args: tuple[Any, ...]) -> BaseRequest | None:
        """The request that a builder, an environ or a request stands for; None for other arguments."""
        first = args[0] if args else None
        if isinstance(first, werkzeug.test.EnvironBuilder):
            builder = copy(first)
            builder.environ_base = self._copy_environ(builder.environ_base or {})
            return self._finish(builder)
        if isinstance(first, dict):
            return self._finish(
                EnvironBuilder.from_environ(first, app=self.application, environ_base=self._copy_environ({}))
            )
        if isinstance(first, BaseRequest):
            request = copy(first)
            request.environ = self._copy_environ(request.environ)
            return request
        return None

    def _request_from_builder_args(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> BaseRequest:
        """The request that a builder makes of the arguments; an override point, by its name of Flask's."""
        kwargs["environ_base"] = self._copy_environ(kwargs.get("environ_base", {}))
        return self._finish(EnvironBuilder(self.application, *args, **kwargs))

    @staticmethod
    def _finish(builder: werkzeug.test.EnvironBuilder) -> BaseRequest:
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _copy_environ(self, other: Mapping[str, Any]) -> dict[str, Any]:
        environ = {**self.environ_base, **other}
        if self.preserve_context:
            environ[PRESERVE_CONTEXT] = self._hold
        return environ

    def _hold(self, context: AppContext) -> None:
        """Called by the app at the end of a request: one more push outlasts the app's pop."""
        context.push()
        self._held.append(context)

    def _release(self) -> None:
        while self._held:
            self._held.pop().pop(None)

    def __enter__(self) -> Self:
        if self._entered is not None:
            if self._entered.is_alive():
                raise RuntimeError("Cannot nest client invocations: this client is in a with block already.")
            self._entered = None
            self._release()
        self._entered = _Entered(sys._getframe(1))
        self.preserve_context = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = None
        self.preserve_context = False
        self._release()


def _werkzeug_version() -> str:
    from importlib.metadata import version

    return version("werkzeug")


class CliRunner(ClickRunner):
    """Click's runner for an app's commands."""

    def __init__(self, app: App, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: Any = None, args: Any = None, **kwargs: Any) -> Result:  # type: ignore[override]
        """Run a command.

        Parameters
        ----------
        cli:
            The command or group; by default the app's.
        args:
            The command line, as a list or a string.
        kwargs:
            Click's own; ``obj`` is the :class:`~nbmicro.web.commands.finding.ScriptInfo`, by default one for the app.
        """
        if "obj" not in kwargs:
            from nbmicro.web.commands.finding import ScriptInfo

            kwargs["obj"] = ScriptInfo(create_app=lambda: self.app)
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)
