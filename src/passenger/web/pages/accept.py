"""Whether a request asks for a page: only browsers name `text/html`, everybody else gets what Ollama answers."""

from passenger.server.stream import Scope
from passenger.web.headers import header

JAVA = b"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
"""What Java's own HTTP client sends for all it asks, whatever it asks for (`HttpURLConnection`, seen 2026-11)."""


def wants_page(scope: Scope) -> bool:
    """Whether the asker names HTML, and likes plain text no better."""
    accepted = header(scope, b"accept").lower()
    if b"text/html" not in accepted or accepted == JAVA:
        return False
    liked = dict(_media(part) for part in accepted.split(b","))
    html = liked.get(b"text/html", 0.0)
    return html > 0 and html >= liked.get(b"text/plain", 0.0)


def _media(part: bytes) -> tuple[bytes, float]:
    """A media type and how much it is liked ([RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1))."""
    kind, *parameters = (piece.strip() for piece in part.split(b";"))
    liked = next((value for name, _, value in (one.partition(b"=") for one in parameters) if name == b"q"), b"1")
    try:
        return kind, float(liked)
    except ValueError:
        return kind, 0.0
