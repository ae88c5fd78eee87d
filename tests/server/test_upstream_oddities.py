"""What a Copilot, or something between us and it, might answer that no sane server does, written on a raw socket."""

import asyncio
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from passenger.simulator import Fault
from tests.proxy import eventually
from tests.server.bench import CHAT, Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}).encode()
LENGTH = b"Content-Length: %d\r\n" % len(WHOLE)
OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"


class Odd:
    """A server that answers every POST with `said`, after the whole request or at once."""

    def __init__(self) -> None:
        self.said = b""
        self.waits = True
        self.heard: list[bytes] = []
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                self.heard.append(head)
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                if self.waits:
                    await reader.readexactly(int(length.split(b":")[1]))
                writer.write(self.said)
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def odd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Odd, Bench]]:
    upstream = Odd()
    async with await asyncio.start_server(upstream.talk, "127.0.0.1", 0, limit=1 << 24) as server:
        port = server.sockets[0].getsockname()[1]
        config = f'[copilot]\napi_base_url = "http://127.0.0.1:{port}"\n'
        async with bench(tmp_path_factory.mktemp("odd"), config=config, primed=False) as one:
            yield upstream, one


async def answers(odd: tuple[Odd, Bench], said: bytes, *, waits: bool = True) -> Answer:
    """What the client gets when upstream says that."""
    upstream, one = odd
    upstream.said, upstream.waits = said, waits
    upstream.heard.clear()
    answer = await one.chat()
    assert len(upstream.heard) == 1, "nothing is ever asked for again"
    return answer


FINE = {
    "plain": OK + JSON + LENGTH + b"\r\n" + WHOLE,
    "100 Continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + JSON + LENGTH + b"\r\n" + WHOLE,
    "103 Early Hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + JSON + LENGTH + b"\r\n" + WHOLE,
    "three of them": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + OK + JSON + LENGTH + b"\r\n" + WHOLE,
    "HTTP/1.0, ended by closing": b"HTTP/1.0 200 OK\r\n" + JSON + b"\r\n" + WHOLE,
    "HTTP/1.1, ended by closing": OK + JSON + b"\r\n" + WHOLE,
    "a header twice": OK + JSON + b"X-A: 1\r\nX-A: 2\r\n" + LENGTH + b"\r\n" + WHOLE,
    "no type": OK + LENGTH + b"\r\n" + WHOLE,
    "packed unasked": OK + JSON + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(WHOLE),
    "deflated unasked": OK + JSON + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(WHOLE),
    "lower-case names": OK.replace(b"OK", b"ok") + JSON.lower() + LENGTH.lower() + b"\r\n" + WHOLE,
}


@pytest.mark.proves("F25", "F26")
@pytest.mark.parametrize("name", FINE)
async def test_what_is_odd_but_whole_is_an_answer(odd: tuple[Odd, Bench], name: str) -> None:
    answer = await answers(odd, FINE[name])
    assert (answer.status, answer.json()["id"]) == (200, "x")


BROKEN = {
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "204 with a body": b"HTTP/1.1 204 No Content\r\n" + LENGTH + b"\r\n" + WHOLE,
    "two lengths": OK + JSON + LENGTH + b"Content-Length: 1\r\n\r\n" + WHOLE,
    "a length that is none": OK + JSON + b"Content-Length: x\r\n\r\n" + WHOLE,
    "a header of ten megabytes": OK + b"X: " + b"a" * 10_000_000 + b"\r\n" + LENGTH + b"\r\n" + WHOLE,
    "a name of ten megabytes": OK + b"a" * 10_000_000 + b": y\r\n" + LENGTH + b"\r\n" + WHOLE,
    "a status that is none": b"HTTP/1.1 abc OK\r\n" + LENGTH + b"\r\n" + WHOLE,
    "a chunk that is none": OK + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "packed, but not so": OK + JSON + b"Content-Encoding: gzip\r\n\r\n" + WHOLE,
    "packed and cut off": OK + JSON + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(WHOLE)[:-12],
    "HTTP/0.9": WHOLE,
    "a page": OK + b"Content-Type: text/html\r\n\r\n<html><title>Login</title></html>",
}


@pytest.mark.proves("F25", "F26", "promise 8")
@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_answer_is_a_502(odd: tuple[Odd, Bench], name: str) -> None:
    answer = await answers(odd, BROKEN[name])
    assert answer.status == 502
    assert answer.error["code"] in {"bad_answer", "upstream_protocol", "stream_broken", "upstream_disconnected"}


@pytest.mark.proves("F25")
async def test_twenty_thousand_headers_are_borne(odd: tuple[Odd, Bench]) -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(20_000))
    assert (await answers(odd, OK + JSON + many + LENGTH + b"\r\n" + WHOLE)).status in {200, 502}


@pytest.mark.proves("N11", "promise 8")
async def test_a_packed_bomb_from_upstream_is_not_unpacked_whole(odd: tuple[Odd, Bench]) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(bytes(1 << 20)) for _ in range(600)]) + packer.flush()
    _, one = odd
    answer = await answers(odd, OK + JSON + b"Content-Encoding: gzip\r\n\r\n" + bomb)
    assert (answer.status, answer.error["code"]) == (502, "bad_answer")
    status = Path(f"/proc/{one.proxy.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 500 * 1024  # kilobytes: 256 MiB are kept at most


@pytest.mark.proves("F28")
@pytest.mark.parametrize("status", [401, 413, 429])
async def test_an_answer_before_the_request_was_read_is_delivered(odd: tuple[Odd, Bench], status: int) -> None:
    upstream, one = odd
    upstream.said = b'HTTP/1.1 %d X\r\nContent-Length: 26\r\n\r\n{"error":{"message":"no"}}' % status
    upstream.waits = False
    upstream.heard.clear()
    answer = await one.post(json.dumps(asking("x" * 3_000_000)).encode())
    assert answer.status in {status, 502}  # 502 where the network lost the answer with the connection
    assert answer.error["message"]


# --- headers and events that forge -------------------------------------------------------------------------------

FORGED = {
    "a set cookie": b"Set-Cookie: a=b\r\n",
    "CORS": b"Access-Control-Allow-Origin: *\r\n",
    "a coding": b"X-Request-Id: a\r\nAlt-Svc: h3\r\nServer: y\r\nStrict-Transport-Security: x\r\n",
    "a tab in the request id": b"X-Request-Id: a\tb\r\n",
    "bytes beyond ASCII": b"X-Request-Id: \xff\xfe\r\nX-GitHub-Request-Id: \xc3\xa9\r\n",
    "ten kilobytes": b"X-Request-Id: " + b"a" * 10_000 + b"\r\n",
}


@pytest.mark.proves("N9")
@pytest.mark.parametrize("name", FORGED)
async def test_only_listed_headers_come_down_and_each_is_one_line(odd: tuple[Odd, Bench], name: str) -> None:
    answer = await answers(odd, OK + JSON + FORGED[name] + LENGTH + b"\r\n" + WHOLE)
    assert answer.status == 200
    names = {name.lower() for name in answer.headers}
    assert not names & {"set-cookie", "access-control-allow-origin", "alt-svc", "server", "strict-transport-security"}


@pytest.mark.proves("N9")
@pytest.mark.parametrize("value", [b"a\x00b", b"a\rb", b"a\x01b", b"a\x7fb"])
async def test_a_header_that_could_split_ours_is_a_502_or_left_out(odd: tuple[Odd, Bench], value: bytes) -> None:
    answer = await answers(odd, OK + JSON + b"X-Request-Id: " + value + b"\r\n" + LENGTH + b"\r\n" + WHOLE)
    assert answer.status in {200, 502}
    assert value.decode("latin-1") not in answer.headers.get("x-request-id", "")


@pytest.mark.proves("N9")
async def test_a_models_name_cannot_forge_a_header(shared: Bench) -> None:
    answer = await shared.chat(model="gpt-4o\r\nX-Forged: yes\r\n\r\nHTTP/1.1 200 OK")
    assert answer.status == 404
    assert "x-forged" not in answer.headers


FORGERY = '\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\ndata: [DONE]\n\n\u2028\r\n'
ROUTES: dict[str, Callable[[], object]] = {
    CHAT: lambda: asking(stream=True),
    "/v1/messages": lambda: {**asking(stream=True), "max_tokens": 9, "model": "claude-sonnet-4.5"},
    "/v1/responses": lambda: {"model": "gpt-5.5", "input": "x", "stream": True},
    "/api/chat": asking,
}


@pytest.mark.proves("N10", "promise 6")
@pytest.mark.parametrize("path", ROUTES)
async def test_an_error_that_looks_like_events_is_one_error(quick: Bench, path: str) -> None:
    body = json.dumps({"error": {"message": FORGERY, "code": FORGERY}})
    quick.sim.inject(Fault(status=400, body=body, delay=0.6), path=None)
    answer = await quick.send("POST", path, json=ROUTES[path]())
    quick.sim.clear()
    text = answer.body.decode()
    assert "\ndata: [DONE]" not in text
    assert "\nevent: message_stop" not in text
    assert sum(line.startswith("data:") for line in text.splitlines()) <= 1


@pytest.mark.proves("F36")
async def test_a_client_that_closes_its_half_is_taken_for_gone(shared: Bench) -> None:
    wire = await shared.open(asking("[[stall 1]]", stream=True))
    await wire.until(b"data: ")
    wire.writer.write_eof()
    await eventually(lambda: shared.sim.active == 0)


@pytest.mark.proves("F63")
async def test_others_are_answered_while_one_sends_thirty_megabytes_again_and_again(shared: Bench) -> None:
    large = json.dumps(asking()).encode() + b" " * 30_000_000
    flood = asyncio.create_task(_post_again_and_again(shared, large))
    answered = 0
    while not flood.done():
        assert (await shared.chat("small")).status == 200
        answered += 1
    assert await flood <= {200, 413}  # Copilot itself takes less than we do
    assert answered > 3


async def _post_again_and_again(one: Bench, body: bytes) -> set[int]:
    return {(await one.post(body)).status for _ in range(3)}
