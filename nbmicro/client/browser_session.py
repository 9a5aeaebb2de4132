"""A browser's side of HTTP: requests whose responses are read as they come, with cookies and redirects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import urldefrag

from nbmicro.client.client import Client
from nbmicro.client.recorder import Recording, routes_of
from nbmicro.errors import RequestError
from nbmicro.http.content_coding import DECODERS, ContentCodingError, codings_of, decoded
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.redirects import Chain
from nbmicro.http.wsgi import make_environ


class BrowserSession:
    """Somebody who looks at the pages of an app in this process, without a socket.

    Parameters
    ----------
    client:
        Whose app is asked, with its cookies, and in whose history the exchanges come when their responses were read or
        given up.
    """

    #: The origin of its exchanges.
    origin = "browse"

    def __init__(self, client: Client) -> None:
        self.client = client

    def send(self, request: RequestRecord, *, follow: bool = True, timeout: float | None = 30.0) -> StreamedResponse:
        """Send a request; the response has its status and headers, and gives the body when it is iterated.

        Parameters
        ----------
        request:
            Its ``Cookie`` is not sent, since a page does not choose it.
        follow:
            Whether redirects within the app are followed (RFC 9110, section 15.4).
        timeout:
            Seconds until the app must have begun to answer, redirects included; a stream may then last.

        Raises what an app raises that has no page for its errors; the exchange is in the history all the same.
        """
        fields = HeaderFields(field for field in request.headers if field[0].lower() != "cookie")
        request = request.with_headers(fields)
        chain, fragment = Chain(request, timeout), ""
        while True:
            response = StreamedResponse(self, request, chain)
            following = chain.next(request, response.status, response.fields) if follow else None
            if following is None:
                break
            response.close()
            fragment = urldefrag(response.fields["Location"]).fragment or fragment
            request = following
        response.redirected, response.fragment, response.leads_to = chain.redirects > 0, fragment, chain.leads_to
        if chain.is_endless:
            response.notes.append(chain.endless())
        return response

    def fetch(self, target: str) -> ResponseRecord | None:
        """Get something that belongs to a page (a style sheet, an image) without a trace of it; None when it fails."""
        return self.client.fetch(target)

    def page_cookies(self, path: str) -> str:
        """What a script of the page at ``path`` may read of the jar (``document.cookie``)."""
        return self.client.cookies.header("localhost", path, for_script=True)

    def set_page_cookie(self, line: str, path: str) -> None:
        """Keep what a script of the page at ``path`` sets; it can neither set nor replace an HttpOnly cookie."""
        self.client.cookies.take([line], "localhost", path, from_script=True)


class StreamedResponse(Recording):
    """A response, as far as it was read; iterating gives the pieces of its content as they come, decoded.

    It must be closed; that notes its exchange.

    Attributes
    ----------
    fields:
        Its headers.
    target, fragment, redirected:
        The path and query of the response, the fragment of its redirect, and whether there was a redirect.
    leads_to:
        The address on another site that a redirect led to, which was not followed.
    """

    def __init__(self, session: BrowserSession, request: RequestRecord, chain: Chain) -> None:
        client = session.client
        app = client.app
        super().__init__(
            app,
            make_environ(client.prepared(request)),
            client.history,
            frame_labels=client.frame_labels,
            secret_names=client.secret_names,
            origin=session.origin,
            routes=partial(routes_of, app),
        )
        self.target = request.target
        self.fragment = ""
        self.redirected = False
        self.leads_to: str | None = None
        self._first: list[bytes] = []
        self.begin(chain.left, chain.too_late)
        try:
            # An app may call start_response as late as with the first piece of its body.
            while not self.status_line and not self._first:
                self._first = [piece for piece in (super().__next__(),) if piece]
        except StopIteration:
            pass
        except BaseException:
            self.close()
            raise
        self.fields = HeaderFields(self.headers)
        self._content = self._sent()
        codings = codings_of(",".join(self.fields.getlist("Content-Encoding")))
        if codings and all(name in DECODERS for name in codings):
            # As in a browser, nobody knows the length of what is decoded.
            self.fields = HeaderFields(field for field in self.headers if field[0].lower() != "content-length")
            self._content = self._decoded(codings)
        client.cookies.take(self.fields.getlist("Set-Cookie"), "localhost", request.path)

    def __next__(self) -> bytes:
        return next(self._content)

    def _sent(self) -> Iterator[bytes]:
        """The pieces as the app sent them."""
        if self._first:
            yield self._first.pop()
        while self.environ["REQUEST_METHOD"] != "HEAD":
            try:
                yield super().__next__()
            except StopIteration:
                return

    def _decoded(self, codings: list[str]) -> Iterator[bytes]:
        try:
            yield from decoded(self._sent(), codings)
        except ContentCodingError as error:
            raise RequestError(f"The response says Content-Encoding: {', '.join(codings)}, but {error}.") from None

    def read_body(self, limit: int) -> tuple[bytes, bool]:
        """The body up to ``limit`` bytes, and whether it was cut there. The response is closed then."""
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in self:
                size += len(piece)
                pieces.append(piece)
                if size > limit:
                    break
        finally:
            self.close()
        return b"".join(pieces)[:limit], size > limit
