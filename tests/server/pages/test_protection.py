"""Forms come from our own page alone, and a login begins at this machine alone."""

from typing import Any

import pytest

from passenger.errors import Failure
from passenger.server.pages.protection import JAVA, POLICY, check_own_form, is_at_this_machine, is_secure, wants_page


def scope(host: str, origin: str | None = None, peer: str | None = "127.0.0.1") -> dict[str, Any]:
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin is not None else [])]
    return {"headers": headers, "client": (peer, 4242) if peer is not None else None}


@pytest.mark.parametrize("origin", ["http://localhost:8081", "https://localhost:8081", "HTTP://LOCALHOST:8081"])
def test_a_form_of_our_own_page_is_let_in(origin: str) -> None:
    check_own_form(scope("localhost:8081", origin))


@pytest.mark.parametrize(
    "origin",
    [None, "", "null", "http://localhost:8082", "http://evil.example", "ftp://localhost:8081", "localhost:8081"],
)
def test_no_other_is(origin: str | None) -> None:
    with pytest.raises(Failure) as failed:
        check_own_form(scope("localhost:8081", origin))
    assert failed.value.code == "origin_not_allowed"
    assert failed.value.status == 403


def test_what_a_browser_reaches_over_tls_is_told_by_its_origin() -> None:
    assert is_secure(scope("p.example", "https://p.example"))
    assert not is_secure(scope("p.example", "http://p.example"))


HERE = [
    ("localhost:8081", "127.0.0.1"),
    ("127.0.0.1", "127.0.0.1"),
    ("[::1]:8081", "::1"),
    ("passenger.localhost", "127.0.0.1"),
    ("localhost", None),
]
ELSEWHERE = [
    ("passenger.example", "127.0.0.1"),  # a proxy before us, whoever asks it
    ("192.0.2.7:8081", "192.0.2.9"),
    ("localhost", "192.0.2.9"),
    ("localhost", "nobody"),
    ("", "127.0.0.1"),
]


@pytest.mark.parametrize(("host", "peer"), HERE)
def test_this_machine_is_told_by_its_name_and_by_who_asks(host: str, peer: str | None) -> None:
    assert is_at_this_machine(scope(host, peer=peer))


@pytest.mark.parametrize(("host", "peer"), ELSEWHERE)
def test_any_other_is_not_taken_for_it(host: str, peer: str) -> None:
    assert not is_at_this_machine(scope(host, peer=peer))


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline() -> None:
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'none';")
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(POLICY.split("; "))


# --- accept -----------------------------------------------------------------------------------------------------------

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


def asking(accept: bytes | None) -> dict[str, object]:
    return {"headers": [(b"host", b"localhost"), *([(b"accept", accept)] if accept is not None else [])]}


@pytest.mark.parametrize("accept", BROWSERS.values(), ids=BROWSERS)
def test_a_browser_gets_the_page(accept: bytes) -> None:
    assert wants_page(asking(accept))


@pytest.mark.parametrize("accept", OTHERS.values(), ids=OTHERS)
def test_nobody_else_does(accept: bytes | None) -> None:
    assert not wants_page(asking(accept))
