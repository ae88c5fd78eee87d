"""Which requests become a WebSocket, and what the others are told."""

import pytest

from tests.server.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
GOOD = ["Host: localhost", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", KEY, "Sec-WebSocket-Version: 13"]


def head(path: str = "/v1/responses", method: str = "GET", without: str = "-", more: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(line for line in GOOD if not line.startswith(without))]
    return "\r\n".join([*lines, *([more] if more else []), "", ""]).encode()


@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/v1/v1/responses", "/v1/responses?x=1"])
async def test_a_good_handshake_is_accepted(shared: Bench, path: str) -> None:
    answer = await (await shared.dial(head(path))).until(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer  # RFC 6455, 1.3
    assert b"extensions" not in answer.lower()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head(without="Sec-WebSocket-Key"), 426),
        (head(without="Sec-WebSocket-Version"), 426),
        (head(without="Sec-WebSocket-Version", more="Sec-WebSocket-Version: 8"), 426),
        (head(without="Sec-WebSocket-Key", more="Sec-WebSocket-Key: AAAA"), 426),
        (head(without="Upgrade"), 405),
        (head("/v1/chat/completions"), 405),
        (head("/v1/nothing"), 404),
        (head(without="Host"), 400),
        (head(without="Host", more="Host: evil.example"), 421),
        (head(more="Origin: https://evil.example"), 403),
    ],
)
async def test_any_other_is_answered_by_http(shared: Bench, sent: bytes, status: int) -> None:
    answer = await (await shared.dial(sent)).until(b"\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_it_takes_over_behind_other_requests_and_the_log_says_nothing_odd(shared: Bench) -> None:
    before = len(shared.proxy.lines)
    wire = await shared.dial(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await wire.until(b"\r\n\r\nOK")
    wire.writer.write(head() + b"\x89\x80\0\0\0\0")  # a ping, in the same packet
    assert b" 101 " in await wire.until(b"\r\n\r\n")
    assert await wire.until(b"\x8a\x00") == b"\x8a\x00"
    await shared.proxy.said("GET /v1/responses 101")
    assert not [line for line in shared.proxy.lines[before:] if " WARNING " in line or " ERROR " in line]
