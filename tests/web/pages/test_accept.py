"""Who gets the page, and who gets what Ollama answers."""

import pytest

from passenger.web.pages.accept import JAVA, wants_page

BROWSERS = {
    "Chromium": b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Firefox": b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Safari": b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "lynx": b"text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
    "w3m": b"text/html, text/*;q=0.5, image/*, application/*",
    "a person": b"Text/HTML",
    "with a parameter": b"text/html;charset=utf-8;q=0.9",
}
OTHERS = {
    "nothing": None,
    "empty": b"",
    "curl": b"*/*",
    "Ollama": b"application/json",
    "any text": b"text/*",
    "plain text first": b"text/plain, text/html;q=0.5",
    "never HTML": b"text/html;q=0, */*",
    "Java": JAVA,
    "nonsense": b"text/html;q=x",
    "XHTML alone": b"application/xhtml+xml",
    "a name that has it": b"text/html5, x-text/html",
}


def scope(accept: bytes | None) -> dict[str, object]:
    return {"headers": [(b"host", b"localhost"), *([(b"accept", accept)] if accept is not None else [])]}


@pytest.mark.parametrize("accept", BROWSERS.values(), ids=BROWSERS)
def test_a_browser_gets_the_page(accept: bytes) -> None:
    assert wants_page(scope(accept))


@pytest.mark.parametrize("accept", OTHERS.values(), ids=OTHERS)
def test_nobody_else_does(accept: bytes | None) -> None:
    assert not wants_page(scope(accept))
