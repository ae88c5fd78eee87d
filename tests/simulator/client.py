"""A client that hides nothing: raw streams, every HTTP chunk and every way a connection can end, as it was seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import msgspec

from passenger.simulator import Simulator

End = Literal["complete", "closed", "reset"]
EDITOR = {"Editor-Version": "vscode/1.115.0"}


@dataclass
class Response:
    """What came back; `end` says how the body ended, `reads` what each read of the socket gave."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    end: End = "complete"

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[Any]:
        """The JSON of each event, `[DONE]` as that word."""
        return [data for _, data in self.named]

    @property
    def named(self) -> list[tuple[str, Any]]:
        """The name of each event ("" for none) and its JSON."""
        found = []
        for block in self.body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if text := fields.get("data"):
                found.append((fields.get("event", ""), text if text == "[DONE]" else msgspec.json.decode(text)))
        return found

    @property
    def deltas(self) -> list[Any]:
        return [e["choices"][0]["delta"] for e in self.events if e != "[DONE]" and e.get("choices")]

    @property
    def text(self) -> str:
        """The streamed text."""
        return "".join(delta.get("content") or "" for delta in self.deltas)


class Client:
    """One connection to the simulator."""

    def __init__(self, sim: Simulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sim, self.reader, self.writer = sim, reader, writer
        self.token = sim.mint()["token"] if sim.url else ""

    @classmethod
    async def connect(cls, sim: Simulator) -> Self:
        port = int(sim.url.rpartition(":")[2])
        return cls(sim, *await asyncio.open_connection("127.0.0.1", port))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def write(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        fields = {"Host": self.sim.url.removeprefix("http://")} | headers | {"Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)

    async def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | object = b""
    ) -> Response:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.write(method, path, {"User-Agent": "tests"} if headers is None else headers, raw)
        return await self.read()

    async def github(self, path: str, token: str | None = None, **headers: str) -> Response:
        credential = {"Authorization": f"token {self.sim.login_token if token is None else token}"}
        return await self.request("GET", path, {"User-Agent": "tests"} | credential | headers)

    async def post(self, path: str, body: object, headers: dict[str, str] | None = None) -> Response:
        return await self.request("POST", path, self.credentials | (headers or {}), body)

    @property
    def credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | EDITOR

    async def chat(self, text: str = "Hello", *, model: str = "gpt-4o", **more: Any) -> Response:
        headers = more.pop("headers", None)
        body = {"model": model, "messages": [{"role": "user", "content": text}]} | more
        return await self.post("/chat/completions", body, headers)

    async def messages(self, said: Any = "Hello", /, *, model: str = "claude-sonnet-4.6", **more: Any) -> Response:
        headers = more.pop("headers", None)
        body = {"model": model, "max_tokens": 4000, "messages": [{"role": "user", "content": said}]} | more
        return await self.post("/v1/messages", body, headers)

    async def count(self, body: dict[str, Any]) -> int:
        kept = {key: value for key, value in body.items() if key not in {"max_tokens", "stream"}}
        return int((await self.post("/v1/messages/count_tokens", kept)).json()["input_tokens"])

    async def responses(self, said: Any = "Hello", /, *, model: str = "gpt-5.5", **more: Any) -> Response:
        headers = more.pop("headers", None)
        return await self.post("/responses", {"model": model, "input": said} | more, headers)

    async def embed(self, *texts: str, model: str = "text-embedding-3-small", **more: Any) -> Response:
        return await self.post("/embeddings", {"model": model, "input": list(texts)} | more)

    async def read(self) -> Response:
        response = Response()
        try:
            await self._read_into(response)
        except asyncio.IncompleteReadError as error:
            response.body += error.partial
            response.end = "closed"
        except ConnectionResetError:
            response.end = "reset"
        return response

    async def _read_into(self, response: Response) -> None:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        response.status = int(lines[0].split(" ")[1])
        response.headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        if "content-length" in response.headers:
            response.body = await self.reader.readexactly(int(response.headers["content-length"]))
            return
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            response.chunks.append((await self.reader.readexactly(size + 2))[:-2])
            response.body = b"".join(response.chunks)
        await self.reader.readexactly(2)


@contextlib.asynccontextmanager
async def connected(sim: Simulator) -> AsyncIterator[Client]:
    client = await Client.connect(sim)
    try:
        yield client
    finally:
        await client.close()
