"""The options of curl, from its own documentation: which are taken, passed over, or refused, and why."""

from __future__ import annotations

from dataclasses import dataclass

from nbmicro.printable import did_you_mean

# fmt: off
LETTERS = {
    "a": "append", "A": "user-agent", "b": "cookie", "B": "use-ascii", "c": "cookie-jar", "C": "continue-at",
    "d": "data", "D": "dump-header", "e": "referer", "E": "cert", "f": "fail", "F": "form", "g": "globoff", "G": "get",
    "h": "help", "H": "header", "i": "include", "I": "head", "j": "junk-session-cookies", "J": "remote-header-name",
    "k": "insecure", "K": "config", "l": "list-only", "L": "location", "m": "max-time", "M": "manual", "n": "netrc",
    "N": "no-buffer", "o": "output", "O": "remote-name", "p": "proxytunnel", "P": "ftp-port", "q": "disable",
    "Q": "quote", "r": "range", "R": "remote-time", "s": "silent", "S": "show-error", "t": "telnet-option",
    "T": "upload-file", "u": "user", "U": "proxy-user", "v": "verbose", "V": "version", "w": "write-out", "x": "proxy",
    "X": "request", "Y": "speed-limit", "y": "speed-time", "z": "time-cond", "Z": "parallel", "0": "http1.0",
    "1": "tlsv1", "2": "sslv2", "3": "sslv3", "4": "ipv4", "6": "ipv6", "#": "progress-bar", ":": "next",
}
# fmt: on
"""The short spellings, each with the long one."""

DATA = frozenset({"data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json"})
"""The options whose values are the body, or with ``-G`` the query."""

TAKEN = {
    **dict.fromkeys(
        (*DATA, "cookie", "form", "form-string", "header", "max-time", "oauth2-bearer", "referer", "request"), True
    ),
    **dict.fromkeys(("upload-file", "url", "url-query", "user", "user-agent"), True),
    **dict.fromkeys(("compressed", "get", "globoff", "head", "location", "path-as-is", "verbose"), False),
}
"""The options that say what the request is or how it is shown; whether a value follows."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Options that change no request: why, and which of them a value follows."""

    why: str
    plain: str = ""
    valued: str = ""


PASSED_OVER = (
    PassedOver(
        "it says how the network is crossed, and there is none between a cell and the app",
        "basic http1.0 http1.1 http2 http3 insecure ipv4 ipv6 no-keepalive retry-all-errors retry-connrefused"
        " tcp-nodelay tr-encoding",
        "connect-timeout keepalive-time limit-rate max-redirs retry retry-delay retry-max-time",
    ),
    PassedOver(
        "it says what a terminal shows",
        "fail fail-with-body include no-buffer no-progress-meter progress-bar show-error silent styled-output",
        "stderr write-out",
    ),
    PassedOver(
        "it says where the answer is put, and that is the exchange",
        "create-dirs remote-header-name remote-name remote-name-all remote-time",
        "cookie-jar dump-header output output-dir",
    ),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Options that are refused: why, and the way out."""

    why: str
    hint: str
    names: str


_OUT = "Take it out of the line."
_LOGIN = "The app in the notebook is asked directly; test the login with  -u ada:secret"

REFUSED = (
    Refused(
        "it says how the network is crossed, and there is none between a cell and the app",
        _OUT,
        "abstract-unix-socket alt-svc ca-native cacert capath cert cert-status cert-type ciphers connect-to crlfile"
        " curves dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-cert-status doh-insecure doh-url"
        " dump-ca-embed ech egd-file engine expect100-timeout false-start happy-eyeballs-timeout-ms haproxy-clientip"
        " haproxy-protocol hsts http0.9 http2-prior-knowledge http3-only interface ip-tos keepalive-cnt key key-type"
        " local-port mptcp no-alpn no-npn no-sessionid noproxy pass pinnedpubkey preproxy proxy proxy-anyauth"
        " proxy-basic proxy-ca-native proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile"
        " proxy-digest proxy-header proxy-http2 proxy-insecure proxy-key proxy-key-type proxy-negotiate proxy-ntlm"
        " proxy-pass proxy-pinnedpubkey proxy-service-name proxy-ssl-allow-beast proxy-ssl-auto-client-cert"
        " proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-tlsv1 proxy-user proxy1.0"
        " proxytunnel random-file resolve sigalgs socks4 socks4a socks5 socks5-basic socks5-gssapi socks5-gssapi-nec"
        " socks5-gssapi-service socks5-hostname speed-limit speed-time ssl ssl-allow-beast ssl-auto-client-cert"
        " ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 suppress-connect-headers tcp-fastopen"
        " tls-earlydata tls-max tls13-ciphers tlsauthtype tlspassword tlsuser tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3"
        " unix-socket vlan-priority",
    ),
    Refused(
        "it belongs to another protocol, and the app speaks HTTP",
        _OUT,
        "append compressed-ssh crlf disable-eprt disable-epsv ftp-account ftp-alternative-to-user ftp-create-dirs"
        " ftp-method ftp-pasv ftp-port ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-ccc-mode ftp-ssl-control"
        " hostpubmd5 hostpubsha256 ipfs-gateway knownhosts krb list-only mail-auth mail-from mail-rcpt"
        " mail-rcpt-allowfails metalink proto proto-default proto-redir pubkey quote telnet-option tftp-blksize"
        " tftp-no-options upload-flags use-ascii",
    ),
    Refused(
        "such a login is not computed",
        _LOGIN,
        "anyauth aws-sigv4 delegation digest login-options negotiate ntlm ntlm-wb sasl-authzid sasl-ir service-name",
    ),
    Refused("a file with passwords is not read", "Write  -u ada:secret", "netrc netrc-file netrc-optional"),
    Refused(
        "it says what becomes of the answer on a disk",
        "Take it out of the line; the body of the answer is  _.body",
        "create-file-mode etag-save ignore-content-length max-filesize no-clobber out-null raw remove-on-error"
        " skip-existing xattr",
    ),
    Refused(
        "it writes down how curl works",
        "Take it out of the line, and write  --show all  in front of --curl.",
        "libcurl trace trace-ascii trace-config trace-ids trace-time",
    ),
    Refused(
        "one curl line is one request",
        "Write each request as a curl line of its own, with ### between them in a %%http cell.",
        "fail-early next parallel parallel-immediate parallel-max parallel-max-host rate",
    ),
    Refused("a file of options is not read", "Write its options here.", "config disable"),
    Refused("it asks for no request", "For help write  %http --help", "help manual version"),
    Refused(
        "a variable of curl's is not filled",
        "Write a name of the notebook:  {{ name }}",
        "expand-data expand-url variable",
    ),
    Refused("a range is a header", "Write  -H 'Range: bytes=0-99'", "continue-at range"),
    Refused("a condition is a header", "Write  -H 'If-Modified-Since: Wed, 21 Oct 2015 07:28:00 GMT'", "time-cond"),
    Refused("a condition is a header", "Write  -H 'If-None-Match: \"abc\"'", "etag-compare"),
    Refused("redirects are followed on this machine only", "Write  -L", "location-trusted follow"),
    Refused(
        "behind such a redirect the method is GET, or the one of -X",
        "Write  -L  alone, or answer with 307, which keeps method and body.",
        "post301 post302 post303",
    ),
    Refused("the target of a request is its URL", "Write the path as the URL.", "request-target"),
    Refused("quotes in names are percent-encoded, as browsers do it", _OUT, "form-escape"),
    Refused(
        "cookies last from request to request",
        "Write  --reset  in front of --curl, and the cookie jar is emptied first.",
        "junk-session-cookies",
    ),
    Refused("no URL with a password in it is taken anyway", _OUT, "disallow-username-in-url"),
)

SKIPPED: dict[str, bool] = {
    name: valued
    for group in PASSED_OVER
    for valued, names in ((False, group.plain), (True, group.valued))
    for name in names.split()
}
"""The options that are passed over; whether a value follows."""

_REFUSED = {name: group for group in REFUSED for name in group.names.split()}
# Options of the magic's own, which are written in front of the command.
_ELSEWHERE = {name: f"Write --{name} in front of --curl." for name in ("expect", "show")}


def takes_value(name: str) -> bool:
    """Whether a value follows an option that is taken or passed over."""
    return TAKEN.get(name, False) or SKIPPED.get(name, False)


def why_refused(name: str) -> tuple[str, str]:
    """Why the option ``--name`` is refused, and the way out; an option that curl does not have as well."""
    group = _REFUSED.get(name)
    if group is not None:
        return group.why, group.hint
    near = did_you_mean(name, [*TAKEN, *SKIPPED], 0.75)
    return "curl has no such option", _ELSEWHERE.get(name) or (f"Did you mean  --{near}" if near else _OUT)
