"""Sessions, the interface that an app keeps them through, and the messages flashed in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from itsdangerous import BadData
from itsdangerous.url_safe import URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

from nbmicro.web.contexts import environ_here, need_app_context, need_request_context
from nbmicro.web.environ import add_note
from nbmicro.web.handler_errors import no_session
from nbmicro.web.hosting import ephemeral_key
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider, is_plain
from nbmicro.web.json.tag import TaggedJSONSerializer
from nbmicro.web.overrides import Replaceable, is_own, touched, watched
from nbmicro.web.signals import message_flashed
from nbmicro.web.signing import CookieSerializer

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_keys, dict_values

    from nbmicro.web.app import App
    from nbmicro.web.wrappers import Request, Response


NO_KEY = (
    "The session is unavailable because no secret key was set. Set one that only the app knows: "
    'app.secret_key = "…". To make one: python -c "import secrets; print(secrets.token_hex())"'
)


class SessionMixin(MutableMapping[str, Any]):
    """What a session has besides the items of a dict.

    Attributes
    ----------
    new:
        Whether it began with this request; a kind of session that cannot tell says False.
    modified:
        Whether it must be saved. A kind that cannot tell says True.
    accessed:
        Whether the handler looked at it, so that the response depends on the cookie. A kind that cannot tell says True.
    """

    new = False
    modified = True
    accessed = True

    @property
    def permanent(self) -> bool:
        """Whether the cookie outlives the browser's session, for ``PERMANENT_SESSION_LIFETIME``."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, Any], SessionMixin):
    """A session that is a dict, and notes when it is looked at and when it is changed.

    A change inside a value (``session["cart"].append(…)``) is not seen: set ``session.modified = True`` then.

    Parameters
    ----------
    initial:
        What the cookie held.
    """

    modified = False
    accessed = False

    def __init__(self, initial: Mapping[str, Any] | None = None) -> None:
        def changed(session: Any) -> None:
            session.modified = session.accessed = True

        super().__init__(initial, changed)

    def __getitem__(self, key: str) -> Any:
        self.accessed = True
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The item ``key``, or ``default``."""
        self.accessed = True
        return dict.get(self, key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The item ``key``, set to ``default`` first if it is missing."""
        self.accessed = True
        return super().setdefault(key, default)

    def __contains__(self, key: object) -> bool:
        self.accessed = True
        return dict.__contains__(self, key)

    def __iter__(self) -> Iterator[str]:
        self.accessed = True
        return dict.__iter__(self)

    def __len__(self) -> int:
        self.accessed = True
        return dict.__len__(self)

    def keys(self) -> dict_keys[str, Any]:
        """The names of the items."""
        self.accessed = True
        return dict.keys(self)

    def values(self) -> dict_values[str, Any]:
        """The items' values."""
        self.accessed = True
        return dict.values(self)

    def items(self) -> dict_items[str, Any]:
        """The items, as pairs."""
        self.accessed = True
        return dict.items(self)


class NullSession(SecureCookieSession):
    """The session of an app without a secret key: it can be read, and is empty; writing it raises RuntimeError."""

    def _reject(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(NO_KEY)

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = __ior__ = _reject


EPHEMERAL = (
    "The session was signed with a key that lasts as long as this kernel, for the app has no secret key. "
    "Before it is served, set app.secret_key."
)


_POINTS = """
    make_null_session is_null_session get_cookie_name get_cookie_domain get_cookie_path get_cookie_httponly
    get_cookie_secure get_cookie_samesite get_cookie_partitioned get_expiration_time should_set_cookie open_session
    save_session get_signing_serializer null_session_class digest_method
"""


@watched(_POINTS)
class SessionInterface(Replaceable):
    """How an app opens and saves sessions. A kind of its own gives :meth:`open_session` and :meth:`save_session`.

    Attributes
    ----------
    null_session_class:
        What stands in where :meth:`open_session` gives None.
    pickle_based:
        Whether the sessions are pickled; extensions ask.
    """

    null_session_class: type[Any] = NullSession
    pickle_based = False

    def make_null_session(self, app: App) -> Any:
        """What stands in where there can be no session: it may be read, and says on writing why it cannot be."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Whether ``obj`` is such a stand-in. They are not saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: App) -> str:
        """The cookie's name: ``SESSION_COOKIE_NAME``."""
        return str(app.config["SESSION_COOKIE_NAME"])

    def get_cookie_domain(self, app: App) -> str | None:
        """The domain the cookie is sent to: ``SESSION_COOKIE_DOMAIN``; None means the exact host alone."""
        domain: str | None = app.config["SESSION_COOKIE_DOMAIN"]
        return domain

    def get_cookie_path(self, app: App) -> str:
        """The path the cookie is sent to: ``SESSION_COOKIE_PATH``, else ``APPLICATION_ROOT``."""
        return str(app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"])

    def get_cookie_httponly(self, app: App) -> bool:
        """Whether scripts are kept from the cookie: ``SESSION_COOKIE_HTTPONLY``."""
        return bool(app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: App) -> bool:
        """Whether the cookie is sent over HTTPS only: ``SESSION_COOKIE_SECURE``."""
        return bool(app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: App) -> str | None:
        """``"Strict"``, ``"Lax"`` or None: ``SESSION_COOKIE_SAMESITE``."""
        samesite: str | None = app.config["SESSION_COOKIE_SAMESITE"]
        return samesite

    def get_cookie_partitioned(self, app: App) -> bool:
        """Whether the cookie is kept per embedding site: ``SESSION_COOKIE_PARTITIONED``."""
        return bool(app.config["SESSION_COOKIE_PARTITIONED"])

    def get_expiration_time(self, app: App, session: SessionMixin) -> datetime | None:
        """When the cookie expires, in UTC; None at the end of the browser's session."""
        return datetime.now(UTC) + app.permanent_session_lifetime if session.permanent else None

    def should_set_cookie(self, app: App, session: SessionMixin) -> bool:
        """Whether the response carries the cookie: the session changed, or is permanent and refreshed each time."""
        if session.modified:
            return True
        return session.permanent and bool(app.config["SESSION_REFRESH_EACH_REQUEST"])

    def open_session(self, app: App, request: Request) -> Any | None:
        """The session of this request; None where there can be none. The request is bound while this runs."""
        raise NotImplementedError

    def save_session(self, app: App, session: Any, response: Response) -> None:
        """Keep the session, after the after_request functions."""
        raise NotImplementedError


session_json_serializer = TaggedJSONSerializer()


def _sha1(data: bytes = b"") -> Any:
    """SHA-1, looked up when it is used: some builds of Python come without it."""
    return hashlib.sha1(data)


@watched(_POINTS)
class SecureCookieSessionInterface(SessionInterface):
    """Sessions in a cookie: signed, so that it cannot be forged; not encrypted, so that its owner can read it.

    Attributes
    ----------
    salt:
        Keeps these signatures apart from others made with the same key.
    digest_method:
        The hash of the signature.
    key_derivation:
        How the signing key is made of the secret key, in itsdangerous' terms.
    serializer:
        The text of the session: dumps and loads.
    session_class:
        The kind of session.
    """

    salt = "cookie-session"
    digest_method: Callable[..., Any] = staticmethod(_sha1)
    key_derivation = "hmac"
    serializer: Any = session_json_serializer
    session_class: type[Any] = SecureCookieSession

    def __init__(self) -> None:
        self._serializers: dict[Any, URLSafeTimedSerializer] = {}
        self._cookies: dict[Any, tuple[str, str]] = {}

    def get_signing_serializer(self, app: App) -> URLSafeTimedSerializer | None:
        """What signs and reads the cookie with the app's key and its ``SECRET_KEY_FALLBACKS``; None without a key.

        A host may lend an app without a key one that lasts as long as the process.
        """
        secret = app.secret_key or ephemeral_key(app)
        if not secret:
            return None
        fallbacks = app.config["SECRET_KEY_FALLBACKS"]
        keys = (*fallbacks, secret) if fallbacks else (secret,)
        if not _is_plain(self) and (is_own(self) or not is_plain(app.json)):
            # Whoever watches its parts may see that Flask makes a serializer each time.
            options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
            return URLSafeTimedSerializer(list(keys), self.salt, self.serializer, signer_kwargs=options)
        digest = hashlib.sha1 if self.digest_method is _sha1 else self.digest_method
        identity = (keys, self.salt, self.key_derivation, digest, id(self.serializer))
        serializer = self._serializers.get(identity)
        if serializer is None:
            if len(self._serializers) >= 32:
                self._serializers.clear()
            serializer = self._serializers[identity] = CookieSerializer(
                list(keys),
                salt=self.salt,
                serializer=self.serializer,
                signer_kwargs={"key_derivation": self.key_derivation, "digest_method": digest},
            )
        return serializer

    def open_session(self, app: App, request: Request) -> Any | None:
        """The session in the request's cookie; a new one if there is none, or it is too old or badly signed."""
        if type(request).cookies is WerkzeugRequest.cookies:
            return self.open_from_environ(app, request.environ)
        return self._opened(app, request.cookies.get(self.get_cookie_name(app)))

    def open_from_environ(self, app: App, environ: dict[str, Any]) -> Any | None:
        """The same session from a WSGI environ, for an app whose request class reads cookies as Werkzeug's does."""
        return self._opened(app, _cookie(environ, self.get_cookie_name(app)))

    def _opened(self, app: App, text: str | None) -> Any | None:
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        if text:
            try:
                items = serializer.loads(text, max_age=int(app.permanent_session_lifetime.total_seconds()))
            except BadData:
                items = None
            if isinstance(items, dict):
                return self.session_class(items)
        return self.session_class()

    def save_session(self, app: App, session: Any, response: Response) -> None:
        """Set the cookie if the session changed, delete it if it was emptied; ``Vary: Cookie`` if it was looked at."""
        accessed, modified = session.accessed, session.modified
        name, options = self.get_cookie_name(app), self._cookie_options(app)
        if accessed:
            _vary_on_cookie(response)
        if not session:
            if modified:
                response.delete_cookie(name, **options)
                _vary_on_cookie(response)
            return
        if not self.should_set_cookie(app, session):
            return
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            raise RuntimeError(NO_KEY)
        expires = self.get_expiration_time(app, session)
        value = self._text_of(serializer, dict.copy(session) if isinstance(session, dict) else dict(session))
        self._set_cookie(response, name, value, expires, options)
        if not accessed:
            _vary_on_cookie(response)
        self._note_ephemeral_key(app)

    def plain_headers(self, app: App, session: Any) -> list[tuple[str, str]] | None:
        """The headers that :meth:`save_session` adds to a response without any of its own.

        None where that takes a response: a cookie that is deleted, that expires, or that is large.
        """
        looked_at, modified = session.accessed, session.modified  # first: what follows looks at it too
        if not session:
            return None if modified else [_VARY] if looked_at else []
        if not self.should_set_cookie(app, session):
            return [_VARY] if looked_at else []
        if session.permanent:
            return None
        name = self.get_cookie_name(app)
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            raise RuntimeError(NO_KEY)
        value = self._text_of(serializer, dict.copy(session))
        if len(name) + len(value) > _LARGE:
            return None
        self._note_ephemeral_key(app)
        return [_VARY, ("Set-Cookie", self._cookie_text(name, value, self._cookie_options(app)))]

    def _text_of(self, serializer: Any, items: dict[str, Any]) -> Any:
        try:
            return serializer.dumps(items)
        except TypeError as error:
            raise no_session(items, error, self.serializer.dumps) from None

    def _note_ephemeral_key(self, app: App) -> None:
        # A request that brings the cookie had the note when the cookie was made.
        if not app.secret_key and not _cookie(environ_here(), self.get_cookie_name(app)):
            add_note(environ_here(), EPHEMERAL)

    def _set_cookie(
        self, response: Response, name: str, value: str, expires: datetime | None, options: dict[str, Any]
    ) -> None:
        size = len(name) + len(value)
        if expires is not None or size > _LARGE or type(response).set_cookie is not WerkzeugResponse.set_cookie:
            response.set_cookie(name, value, expires=expires, **options)
            return
        response.headers.add("Set-Cookie", self._cookie_text(name, value, options))

    def _cookie_text(self, name: str, value: str, options: dict[str, Any]) -> str:
        # Name and attributes are the same from one response to the next, and the value is of a cookie's characters.
        key = (name, *options.values())
        around = self._cookies.get(key)
        if around is None:
            if len(self._cookies) >= 32:
                self._cookies.clear()
            before, _, after = dump_cookie(name, "-.-", **options).partition("-.-")
            around = self._cookies[key] = (before, after)
        return f"{around[0]}{value}{around[1]}"

    def _cookie_options(self, app: App) -> dict[str, Any]:
        return {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "partitioned": self.get_cookie_partitioned(app),
            "samesite": self.get_cookie_samesite(app),
            "httponly": self.get_cookie_httponly(app),
        }


_CLASSES = tuple(map(vars, (SecureCookieSessionInterface, SessionInterface, DefaultJSONProvider, JSONProvider)))
_UNTOUCHED = sum(map(len, _CLASSES))


def _is_plain(interface: SecureCookieSessionInterface) -> bool:
    """Whether surely nobody has replaced a step of an interface's, or of the provider that writes its sessions."""
    own, base, json, json_base = _CLASSES
    return (
        not touched
        and type(interface) is SecureCookieSessionInterface
        and len(own) + len(base) + len(json) + len(json_base) == _UNTOUCHED
    )


_VARY = ("Vary", "Cookie")

#: The size of a cookie, name and value, in characters, from which on Werkzeug looks whether browsers would take it.
_LARGE = 3000

_PLAIN = re.compile(r"[\w.-]+", re.ASCII)


def _cookie(environ: dict[str, Any], name: str) -> str | None:
    """The value of a cookie, as ``request.cookies`` has it, without reading all the others where they are plain."""
    header: str = environ.get("HTTP_COOKIE", "")
    if name not in header:
        return None
    for pair in header.split(";"):
        key, _, value = pair.partition("=")
        if key.strip() == name:
            if _PLAIN.fullmatch(value):
                return value
            break
    return parse_cookie(header).get(name)


def _vary_on_cookie(response: Response) -> None:
    """Add ``Cookie`` to the Vary header (RFC 9110), once."""
    present = response.headers.get("Vary")
    if present is None:
        response.headers["Vary"] = "Cookie"
    elif present != "Cookie":
        response.vary.add("Cookie")


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next page that asks for messages.

    Parameters
    ----------
    message:
        What to say; Markup stays markup.
    category:
        Of which kind it is: ``"message"``, ``"error"``, ``"info"``, ``"warning"`` or any other word.
    """
    app = need_app_context().app
    session = need_request_context().session
    # Assigned anew, for the session does not see that a list inside it has grown.
    session["_flashes"] = [*session.get("_flashes", ()), (category, message)]
    message_flashed.send(app, _async_wrapper=app.ensure_sync, message=message, category=category)


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Take the messages out of the session; further calls in the same request give the same messages.

    Parameters
    ----------
    with_categories:
        Whether to give ``(category, message)`` pairs.
    category_filter:
        The categories wanted; none means all.
    """
    context = need_request_context()
    if context.flashes is None:
        session = context.session
        context.flashes = list(session.pop("_flashes")) if "_flashes" in session else []
    wanted = frozenset([category_filter] if isinstance(category_filter, str) else category_filter)
    pairs = [(category, text) for category, text in context.flashes if not wanted or category in wanted]
    return pairs if with_categories else [text for _, text in pairs]
