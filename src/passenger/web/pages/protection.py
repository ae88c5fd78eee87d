"""What keeps others out of the page: what a browser may load into it, and that its forms are sent from it alone.

Facts: [Content Security Policy](https://www.w3.org/TR/CSP3/), [Fetch](https://fetch.spec.whatwg.org/#origin-header).
"""

from ipaddress import ip_address

from passenger.authority import is_this_machine, read_host
from passenger.errors import Failure, Kind
from passenger.server.stream import Scope
from passenger.web.headers import header

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
"""`no-referrer` would take the `Origin` from our own forms."""


def check_own_form(scope: Scope) -> None:
    """Let a form in that a browser has sent from our own page: neither a listed page nor a program may send one.

    Raises:
        Failure: it comes from elsewhere, or does not say where from.
    """
    scheme, _, authority = header(scope, b"origin").lower().partition(b"://")
    if scheme not in {b"http", b"https"} or authority != header(scope, b"host").lower():
        message = "only the page at / of this server may send this form"
        raise Failure(Kind.FORBIDDEN, message, code="origin_not_allowed")


def is_secure(scope: Scope) -> bool:
    """Whether the browser reaches us over TLS, which somebody before us speaks."""
    return header(scope, b"origin").lower().startswith(b"https://")


def is_at_this_machine(scope: Scope) -> bool:
    """Whether the asker sits at this machine, and has called us by a name that never leaves it."""
    host, peer = read_host(header(scope, b"host")), scope.get("client")
    if host is None or not is_this_machine(host):
        return False
    try:
        return peer is None or ip_address(peer[0].partition("%")[0]).is_loopback
    except ValueError:
        return False
