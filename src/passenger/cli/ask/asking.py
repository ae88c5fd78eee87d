"""One question to the user's running server, and the words of its streamed answer as they come."""

import contextlib
import http.client
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import msgspec

from passenger import __version__
from passenger.cli import reach
from passenger.dialects.framing import SseSplitter, read_data
from passenger.errors import Failure, Kind, kind_of
from passenger.observe.records import RequestRecord
from passenger.server.control.client import RunningServer, ServerError

DONE = b"[DONE]"


class Words:
    """Reads the pieces of one stream; knows when the first word came, and how the answer ended."""

    def __init__(self) -> None:
        self._splitter = SseSplitter()
        self._began = perf_counter()
        self.first: float | None = None
        """Seconds until the first word."""
        self.finish: str | None = None
        """Why the model stopped, as it says itself."""
        self._is_over = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """The words that a piece completes.

        Raises:
            Failure: the stream says that it has broken, or is none.
        """
        for event in self._splitter.feed(piece):
            if (data := read_data(event)) == DONE:
                self._is_over = True
            elif data is not None:
                yield from self._read(data)

    def end(self) -> None:
        """Find that the stream ended as it should.

        Raises:
            Failure: it did not.
        """
        if not self._is_over:
            raise Failure(Kind.UPSTREAM, "the answer broke off", code="stream_broken")

    def _read(self, data: bytes) -> Iterator[str]:
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Failure(Kind.UPSTREAM, f"the answer cannot be read: {error}", code="bad_event") from error
        match chunk:
            case {"error": {"message": str(message), **others}}:
                raise Failure(Kind.UPSTREAM, message, code=str(others.get("code") or "stream_broken"))
            case {"choices": [{"delta": dict(delta), **others}, *_]}:
                self.finish = _text(others.get("finish_reason")) or self.finish
                yield from self._read_delta(delta)
            case _:
                pass

    def _read_delta(self, delta: dict[str, Any]) -> Iterator[str]:
        for text in map(_text, (delta.get("content"), delta.get("refusal"))):
            if text:
                if self.first is None:
                    self.first = perf_counter() - self._began
                yield text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


PATH = "/v1/chat/completions"
PRODUCT = "passenger-ask"

RECORDED = 3.0
"""Seconds until a server that answered knows of the request, from whichever of its workers."""

PAUSE = 0.05
LARGEST_ERROR = 1024 * 1024


@dataclass(frozen=True)
class Question:
    """A question to a model, with a User-Agent that no other request has."""

    model: str
    text: str
    agent: str

    def body(self) -> bytes:
        """The request."""
        message = {"role": "user", "content": self.text}
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps({"model": self.model, "messages": [message], **options}).encode()


def question_of(model: str, text: str) -> Question:
    """The question, with a fresh name."""
    return Question(model, text, f"{PRODUCT}/{__version__} ({secrets.token_hex(8)})")


Say = Callable[[str], None]


def ask_server(server: RunningServer, question: Question, words: Words, say: Say) -> RequestRecord | None:
    """Say the answer as it comes, and give the server's own record of it, None where it has none.

    Raises:
        Failure: there is no answer, or no whole one.
    """
    since = time.time() - 1
    connection = None
    headers = {"content-type": "application/json", "user-agent": question.agent, **server.headers()}
    try:
        connection = server.connect()
        connection.request("POST", PATH, question.body(), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise _refusal(answer.status, answer.read(LARGEST_ERROR))
        while piece := answer.read1(65_536):
            for word in words.feed(piece):
                say(word)
        words.end()
    except (OSError, http.client.HTTPException) as error:
        message = f"{server.url} does not answer any more: {str(error) or type(error).__name__}"
        raise Failure(Kind.UPSTREAM, message) from error
    finally:
        if connection is not None:
            connection.close()
    return _await_record(server, question, since)


def _refusal(status: int, body: bytes) -> Failure:
    """A server's error as a failure of ours."""
    try:
        error = json.loads(body)["error"]
        message, code = str(error["message"]), error.get("code")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code = body[:200].decode("utf-8", "replace"), None
    kind = Kind.LOGIN if code == reach.LOGIN_REQUIRED else kind_of(status)
    return Failure(kind, message or f"the server answered {status}", code=code or None)


def _await_record(server: RunningServer, question: Question, since: float) -> RequestRecord | None:
    deadline = perf_counter() + RECORDED
    while perf_counter() < deadline:
        with contextlib.suppress(ServerError):
            for record in server.requests(since):
                if record.user_agent == question.agent:
                    return record
        time.sleep(PAUSE)
    return None
