"""Which requests get a page, what a browser may load into it, and that its forms come from the page itself.

See [Content Security Policy](https://www.w3.org/TR/CSP3/) and [Fetch](https://fetch.spec.whatwg.org/#origin-header).
"""

from urllib.parse import urlsplit

from starlette.types import Scope

from passenger.errors import Failure, Kind
from passenger.net.hosts import is_this_machine, read_host
from passenger.server.scope import header

_DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
POLICY = "; ".join(_DIRECTIVES)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""`no-referrer` would remove the `Origin` from our own forms."""


def check_own_form(scope: Scope) -> None:
    """Require that a browser sent a form from our own page, not a listed page or a program.

    Raises:
        Failure: its `Origin` is missing or another one.
    """
    if not is_same(header(scope, b"origin"), header(scope, b"host")):
        message = "only the page at / of this server may send this form"
        raise Failure(Kind.FORBIDDEN, message, code="origin_not_allowed")


def is_same(origin: bytes, host: bytes) -> bool:
    """Whether a page is from the host that it asks, which was checked to be this server."""
    scheme, _, authority = origin.lower().partition(b"://")
    return scheme in {b"http", b"https"} and authority == host.lower()


def is_secure(scope: Scope) -> bool:
    """Whether the browser uses TLS, which a proxy in front of us terminates."""
    return header(scope, b"origin").lower().startswith(b"https://")


def is_at_this_machine(scope: Scope) -> bool:
    """Whether the request comes from this machine, and by a host name that never leaves it."""
    host, peer = read_host(header(scope, b"host")), scope.get("client")
    return host is not None and is_this_machine(host) and (peer is None or is_this_machine(peer[0]))


def is_public(scope: Scope, public_url: str) -> bool:
    """Whether the request is for the host of our address with TLS, empty where there is none."""
    host = header(scope, b"host").decode("latin-1").lower()
    return bool(public_url) and host == urlsplit(public_url).netloc


def is_private_place(scope: Scope, public_url: str) -> bool:
    """Whether nobody on the way can read along: the browser is at this machine, or comes by our address with TLS."""
    if is_public(scope, public_url):
        return header(scope, b"origin").decode("latin-1").lower() in {"", public_url}
    return is_at_this_machine(scope)


JAVA = b"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
"""What Java's own HTTP client sends with every request (`HttpURLConnection`, seen 2026-11)."""


def wants_page(scope: Scope) -> bool:
    """Whether the client accepts HTML, and does not prefer plain text: only browsers name `text/html`."""
    accepted = header(scope, b"accept").lower()
    if b"text/html" not in accepted or accepted == JAVA:
        return False
    liked = dict(_media(part) for part in accepted.split(b","))
    html = liked.get(b"text/html", 0.0)
    return html > 0 and html >= liked.get(b"text/plain", 0.0)


def _media(part: bytes) -> tuple[bytes, float]:
    """A media type and its weight ([RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1))."""
    kind, *parameters = (piece.strip() for piece in part.split(b";"))
    liked = next((value for name, _, value in (one.partition(b"=") for one in parameters) if name == b"q"), b"1")
    try:
        return kind, float(liked)
    except ValueError:
        return kind, 0.0


FILES = ("page.css", "copy.js", "icon.svg")
FORMS = ("key", "leave", "login", "login/cancel")

OPEN = frozenset(f"/page/{name}" for name in (*FILES, *FORMS))
"""A form checks by itself for a key or a session."""
