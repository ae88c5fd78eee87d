"""A proxy process, the simulator behind it and a client before it, in one hand; it ends with what must always hold."""

import asyncio
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy

from passenger.simulator import Simulator
from passenger.simulator.github import COPILOT_USER
from passenger.simulator.recorded import Recorded
from tests.proxy import PATIENCE, PROGRAM, Proxy, eventually, running

CHAT = "/v1/chat/completions"
UP = "/chat/completions"
EXCHANGE = "/copilot_internal/v2/token"
HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
DONE = b"data: [DONE]\n\n"
AGES = 60.0
"""Seconds of a fault that lasts longer than any test."""


@dataclass(frozen=True)
class Answer:
    """One whole answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object of an answer that is OpenAI's error envelope and nothing else."""
        document = self.json()
        assert list(document) == ["error"], document
        assert set(document["error"]) == {"message", "type", "param", "code"}, document
        assert self.headers["content-type"] == "application/json"
        error: dict[str, Any] = document["error"]
        assert error["message"]
        assert error["type"]
        return error

    @property
    def events(self) -> list[bytes]:
        """The events of a stream, which ends with a whole one."""
        assert self.body.endswith(b"\n\n"), self.body[-80:]
        return [event + b"\n\n" for event in self.body[:-2].split(b"\n\n")]

    @property
    def data(self) -> list[bytes]:
        """The data of each event as a browser would read it, however the stream is written."""
        found: list[bytes] = []
        lines: list[bytes] = []
        for line in re.split(rb"\r\n|\n|\r", self.body):
            if line.startswith(b"data:"):
                lines.append(line[5:].removeprefix(b" "))
            elif not line and lines:
                found.append(b"\n".join(lines))
                lines = []
        return found

    @property
    def chunks(self) -> list[Any]:
        """What the events of a stream hold, `[DONE]` left out."""
        return [json.loads(data) for data in self.data if data != b"[DONE]"]

    @property
    def text(self) -> str:
        """The text of a stream's first choice."""
        choices = [choice for chunk in self.chunks for choice in chunk.get("choices", ()) if choice["index"] == 0]
        return "".join(choice["delta"].get("content") or "" for choice in choices)


def asking(text: str = "hello", **fields: object) -> dict[str, Any]:
    """A chat request in one message."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **fields}


@dataclass
class Bench:
    """What a test from outside needs."""

    sim: Simulator
    proxy: Proxy
    http: aiohttp.ClientSession
    connections: list[asyncio.StreamWriter] = field(default_factory=list)

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """One request to the proxy and its whole answer."""
        async with self.http.request(method, self.proxy.url + path, **options) as response:
            answer = Answer(response.status, response.headers, await response.read())
        told = answer.body + str(answer.headers).encode()
        assert not [secret for secret in (self.sim.login_token, *self.sim.account.minted) if secret.encode() in told]
        return answer

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.send("GET", path, headers=headers)

    async def post(self, body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        """One chat request, whose body is bytes or becomes JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        return await self.send("POST", CHAT, data=io.BytesIO(data), headers=headers)

    async def chat(self, text: str = "hello", **fields: object) -> Answer:
        return await self.post(asking(text, **fields))

    async def stream(self, text: str = "hello", **fields: object) -> Answer:
        return await self.chat(text, stream=True, **fields)

    async def direct(self, body: dict[str, Any]) -> Answer:
        """What Copilot itself answers to that request, without a proxy."""
        headers = {
            "Authorization": f"Bearer {self.sim.mint()['token']}",
            "Editor-Version": "vscode/1.0",
            "Host": urlsplit(self.sim.api_url).netloc,
        }
        async with self.http.post(self.sim.url + UP, data=json.dumps(body).encode(), headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())

    def chats(self) -> list[Recorded]:
        """The chat requests that reached Copilot."""
        return self.sim.seen(UP)

    async def upstream(self, path: str = UP, number: int = 1) -> Recorded:
        """That many requests have reached a path upstream: the last of them."""
        await eventually(lambda: len(self.sim.seen(path)) >= number)
        return self.sim.seen(path)[number - 1]

    async def line(self, of: Answer | str) -> str:
        """The log line of a request, by its answer or by its id."""
        identity = of if isinstance(of, str) else of.headers["x-request-id"]
        return await self.proxy.said(f"id={identity}")

    async def open(self, body: dict[str, Any] | bytes, *, head: str = "") -> "Wire":
        """A chat request on a socket of its own, sent and not yet answered."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = "" if "transfer-encoding" in head.lower() else f"Content-Length: {len(data)}\r\n"
        return await self.dial(f"{HEAD}{length}{head}\r\n".encode() + data)

    async def dial(self, data: bytes) -> "Wire":
        """Some bytes on a connection of their own."""
        address = urlsplit(self.proxy.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        self.connections.append(writer)
        writer.write(data)
        await writer.drain()
        return Wire(reader, writer)

    async def prime(self) -> None:
        """Let there be a token and the models, the seat be known, and nothing else to be seen of it."""
        assert (await self.chat("prime")).status == 200
        await eventually(lambda: self.sim.seen(COPILOT_USER) and not self.sim.active)
        self.forget()

    def forget(self) -> None:
        """Let nothing have happened upstream."""
        self.sim.clear()
        self.sim.requests.clear()
        self.sim.exchanges = 0

    async def hang_up(self) -> None:
        """Close what `dial` opened."""
        for writer in self.connections:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self.connections.clear()

    async def check(self) -> None:
        """What holds whatever happened: nothing is left open upstream."""
        await self.hang_up()
        await eventually(lambda: self.sim.active == 0)

    def check_log(self) -> None:
        """What holds whatever happened: no ERROR, no traceback, no secret in the log."""
        said = "\n".join(self.proxy.lines)
        for word in (" ERROR ", "Traceback", self.sim.login_token, *self.sim.account.minted):
            assert word not in said, said


@dataclass(frozen=True)
class Wire:
    """A bare connection to the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def until(self, text: bytes) -> bytes:
        """What comes, up to this text."""
        async with asyncio.timeout(20):
            return await self.reader.readuntil(text)

    async def rest(self) -> bytes:
        """What comes until the proxy closes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    def abort(self) -> None:
        """Be gone, without a word."""
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def bench(
    directory: Path,
    *arguments: str,
    config: str = "",
    env: Mapping[str, str] | None = None,
    login: bool = True,
    primed: bool = True,
    simulator: Simulator | None = None,
    program: Sequence[str] = PROGRAM,
    executed: bool = False,
) -> AsyncIterator[Bench]:
    """All of it, on a home of its own; `primed` means that a token and the models are there already."""
    home = directory / "home"
    home.mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        sim = simulator if simulator is not None else await stack.enter_async_context(Simulator())
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)))
        started = running(
            sim, home, *arguments, config=config, env=env, login=login, program=program, executed=executed
        )
        async with started as proxy:
            one = Bench(sim, proxy, http)
            if primed:
                await one.prime()
            try:
                yield one
            finally:
                await one.hang_up()
            await one.check()
        one.check_log()
