"""An upstream that misbehaves on a raw socket: each request gets what a test wants, at whatever pace."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.server.bench import Answer, Bench, bench

OK = b"HTTP/1.1 200 OK\r\n"
EVENTS = OK + b"Content-Type: text/event-stream\r\n\r\n"
JSON = OK + b"Content-Type: application/json\r\n\r\n"

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]

MODELS: dict[str, str] = {
    "completions": "/chat/completions",
    "messages": "/v1/messages",
    "responses": "/responses",
}
"""A model of each name for each of Copilot's APIs, by its path."""

WORDS = "Hello world"


def data(event: dict[str, Any] | str) -> bytes:
    """One event of a stream, named where the API names its events."""
    text = event if isinstance(event, str) else json.dumps(event)
    kind = event.get("type") if isinstance(event, dict) else None
    return f"event: {kind}\ndata: {text}\n\n".encode() if kind else f"data: {text}\n\n".encode()


def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    """One chunk of `/chat/completions`."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return data({"object": "chat.completion.chunk", "id": "x", "model": "m", "created": 1, "choices": [choice]})


def message_start() -> bytes:
    """The beginning of a `/v1/messages` answer."""
    return data({"type": "message_start", "message": {"id": "m", "model": "m", "role": "assistant", "content": []}})


def block(text: str, index: int = 0) -> list[bytes]:
    """A block of words of a `/v1/messages` answer."""
    delta = {"type": "text_delta", "text": text}
    return [
        data({"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}),
        data({"type": "content_block_delta", "index": index, "delta": delta}),
        data({"type": "content_block_stop", "index": index}),
    ]


def message_end() -> list[bytes]:
    """The end of a `/v1/messages` answer."""
    return [
        data({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        data({"type": "message_stop"}),
    ]


def item(index: int = 0) -> bytes:
    """The beginning of a message in a `/responses` answer."""
    inside = {"type": "message", "id": "i", "role": "assistant", "status": "in_progress", "content": []}
    return data({"type": "response.output_item.added", "output_index": index, "item": inside})


def words(text: str, **fields: object) -> bytes:
    """Some words of a `/responses` answer."""
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    return data({"type": "response.output_text.delta", **place, "delta": text, **fields})


def all_words(text: str, **fields: object) -> bytes:
    """All words of a part of a `/responses` answer."""
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    return data({"type": "response.output_text.done", **place, "text": text, **fields})


def completed() -> bytes:
    """The end of a `/responses` answer."""
    response = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": []}
    return data({"type": "response.completed", "response": response})


STREAMS: dict[str, list[bytes]] = {
    "completions": [chunk({"role": "assistant", "content": "Hello "}), chunk({"content": "world"}, "stop")],
    "messages": [message_start(), *block(WORDS), *message_end()],
    "responses": [item(), words("Hello "), words("world"), all_words(WORDS), completed()],
}
"""A faithful answer of each API, without `[DONE]`."""

DONE = {"completions": data("[DONE]"), "messages": b"", "responses": b""}

ROUTES: dict[str, Callable[[str, bool], tuple[str, dict[str, Any]]]] = {
    "completions": lambda model, stream: (
        "/v1/chat/completions",
        {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": stream},
    ),
    "messages": lambda model, stream: (
        "/v1/messages",
        {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "stream": stream},
    ),
    "responses": lambda model, stream: ("/v1/responses", {"model": model, "input": "x", "stream": stream}),
    "gemini": lambda model, stream: (
        f"/v1beta/models/{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}",
        {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
    ),
    "ollama": lambda model, stream: (
        "/api/chat",
        {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": stream},
    ),
}
"""A request of each dialect: its path and body."""

ENDS: dict[str, bytes] = {
    "completions": b"data: [DONE]",
    "messages": b'"message_stop"',
    "responses": b"event: response.completed\n",
    "gemini": b'"finishReason"',
    "ollama": b'"done":true',
}
"""What a stream of each dialect has once, when it ends well."""


class Rogue:
    """Answers every POST as `play` says, and knows how its connections ended."""

    def __init__(self) -> None:
        self.play: Play = whole(b"")
        self.heard = 0
        self.open = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request of a connection, then close it."""
        self.open += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                writer.write(JSON + self._models())
            else:
                await reader.readexactly(_length(head))
                self.heard += 1
                await self._play(reader, writer)
            await writer.drain()
        writer.close()
        self.open -= 1

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play until that is over or the other end has gone."""
        tasks = [asyncio.ensure_future(self.play(writer)), asyncio.ensure_future(reader.read())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    def _models() -> bytes:
        entries = [{"id": name, "supported_endpoints": [path]} for name, path in MODELS.items()]
        return json.dumps({"data": entries}).encode()


def _length(head: bytes) -> int:
    line = next(one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:"))
    return int(line.split(b":")[1])


def whole(said: bytes) -> Play:
    """Say all of it at once."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    return play


def on_and_on(first: bytes, more: bytes, pause: float = 0.0) -> Play:
    """Say something, and then the same thing until the other end has gone."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(pause)

    return play


def dripping(said: bytes, pause: float) -> Play:
    """Say it byte by byte."""

    async def play(writer: asyncio.StreamWriter) -> None:
        for at in range(len(said)):
            writer.write(said[at : at + 1])
            await writer.drain()
            await asyncio.sleep(pause)

    return play


async def asked(one: Bench, dialect: str, model: str, *, stream: bool = True) -> Answer:
    """The answer to one request of a dialect."""
    path, body = ROUTES[dialect](model, stream)
    return await one.send("POST", path, json=body)


@contextlib.asynccontextmanager
async def rogue(directory: Path, config: str = "") -> AsyncIterator[tuple[Rogue, Bench]]:
    """Such an upstream, and a proxy before it."""
    upstream = Rogue()
    async with await asyncio.start_server(upstream.talk, "127.0.0.1", 0, limit=1 << 24) as server:
        port = server.sockets[0].getsockname()[1]
        settings = f'[copilot]\napi_base_url = "http://127.0.0.1:{port}"\n{config}'
        async with bench(directory, config=settings, primed=False) as one:
            yield upstream, one
