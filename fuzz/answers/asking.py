"""A question in each dialect of the clients, whose answer is a stream of our making; hides gateway and upstream."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self, cast

from fuzz.answers.plan import TOOLS
from fuzz.requests.sending import gateway, inbound
from passenger.copilot.call import Call
from passenger.copilot.upstream import Reply
from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.response import Source
from passenger.net.response import Receiver
from passenger.server.request_path import Chat

JSON = dict[str, Any]

MODELS = {"completions": "gpt-4o", "messages": "claude-sonnet-4.5", "responses": "gpt-5.5"}
"""The model that is asked, for each of Copilot's APIs."""

RELAYED = frozenset(MODELS)
"""The clients' dialects that are relayed where they are upstream's own."""

_SCHEMA = {"type": "object", "properties": {}}
_FUNCTIONS = [{"type": "function", "function": {"name": name, "parameters": _SCHEMA}} for name in TOOLS]
_SAYS_HI = [{"role": "user", "content": "hi"}]

QUESTIONS: dict[str, JSON] = {
    "completions": {"messages": _SAYS_HI, "tools": _FUNCTIONS},
    "legacy": {"prompt": "hi"},
    "responses": {
        "input": "hi",
        "tools": [{"type": "function", "name": name, "parameters": _SCHEMA} for name in TOOLS],
    },
    "messages": {
        "messages": _SAYS_HI,
        "max_tokens": 9,
        "tools": [{"name": name, "input_schema": _SCHEMA} for name in TOOLS],
    },
    "gemini": {
        "contents": [{"parts": [{"text": "hi"}]}],
        "tools": [{"functionDeclarations": [{"name": name} for name in TOOLS]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    },
    "ollama": {"messages": _SAYS_HI, "tools": _FUNCTIONS},
    "ollama_generate": {"prompt": "hi"},
}
"""A question that any answer goes with."""


def ask(dialect: str, api: str, stream: list[bytes], *, streamed: bool = True) -> bytes | Failure:
    """What a client of that dialect is sent for an answer which comes in these pieces; a Failure before the start."""
    try:
        return asyncio.run(_asked(dialect, MODELS[api], stream, streamed=streamed))
    except Failure as failure:
        return failure


async def _asked(dialect: str, model: str, stream: list[bytes], *, streamed: bool) -> bytes:
    spoken, body = inbound(dialect), QUESTIONS[dialect] | {"model": model, "stream": streamed}
    action = "streamGenerateContent" if streamed else "generateContent"
    request = Request(json.dumps(body).encode(), {"model": model, "action": action}, query={"alt": "sse"})
    exchange = Exchange("POST", "/")
    delivery = await Chat(gateway(_Upstream(stream))).answer(spoken, request, exchange)
    with delivery:
        if isinstance(delivery.content, bytes):
            return delivery.content
        sink = Kept()
        await delivery.content(sink)
        return bytes(sink.body)


class Kept:
    """A sink that keeps what goes down."""

    def __init__(self) -> None:
        self.body = bytearray()

    def piece(self, data: bytes) -> None:
        """Keep it."""
        self.body += data

    def follow(self, source: Source | None) -> None:
        """Nobody waits."""

    async def drain(self) -> None:
        """See `follow`."""


class _Upstream:
    """Gives one answer, whatever it is asked."""

    def __init__(self, stream: list[bytes]) -> None:
        self._stream = stream

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        return cast("Reply", _Reply(self._stream))


class _Reply:
    """An answer that comes in these pieces."""

    status = 200
    content_type = "text/event-stream"
    headers = ()
    host = "copilot.test"

    def __init__(self, stream: list[bytes]) -> None:
        self._stream = list(stream)
        self._receiver: Receiver | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stream.clear()

    async def piece(self) -> bytes:
        return self._stream.pop(0) if self._stream else b""

    def pour(self, receiver: Receiver | None) -> None:
        self._receiver = receiver
        while self._stream and self._receiver is not None:
            self._receiver.piece(self._stream.pop(0))
        if self._receiver is not None:
            self._receiver.ended(None)

    def pause(self) -> None:
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError

    async def drain(self) -> None:
        self._stream.clear()

    async def read(self) -> bytes:
        raise Failure(Kind.UPSTREAM, "a stream was asked for")
