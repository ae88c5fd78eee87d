"""The ways to ask that a soak mixes, as a table: where, in which words, and how a whole and a broken answer look."""

from collections.abc import Callable
from dataclasses import dataclass

Body = dict[str, object]

RELAYED = "gpt-4o"
TRANSLATED = "claude-haiku-4.5"
NEWEST = "gpt-5.5"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: its path, its body by the text, and what the end and the error of its stream hold."""

    name: str
    path: str
    body: Callable[[str], Body]
    stream: bool
    ends: tuple[bytes, ...] = ()
    fails: tuple[bytes, ...] = ()

    def whole(self, said: bytes) -> bool:
        """Whether an answer came to its end."""
        return any(end in said for end in self.ends) if self.stream else said.endswith(b"}")

    def failed(self, said: bytes) -> bool:
        """Whether a stream says that it broke."""
        return self.stream and any(error in said for error in self.fails)


def _chat(model: str, *, stream: bool) -> Callable[[str], Body]:
    return lambda text: {"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}


def _messages(model: str, *, stream: bool) -> Callable[[str], Body]:
    return lambda text: {**_chat(model, stream=stream)(text), "max_tokens": 1000}


def _responses(model: str, *, stream: bool) -> Callable[[str], Body]:
    return lambda text: {"model": model, "stream": stream, "input": text}


def _gemini(text: str) -> Body:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def _all() -> list[Way]:
    ways = []
    for stream in (False, True):
        for model in (RELAYED, TRANSLATED, NEWEST):
            action = "streamGenerateContent?alt=sse" if stream else "generateContent"
            ways += [
                Way("chat", "/v1/chat/completions", _chat(model, stream=stream), stream, (b"[DONE]",), (b'"error"',)),
                Way(
                    "messages", "/v1/messages", _messages(model, stream=stream), stream, (b"message_stop",), (b"error",)
                ),
                Way(
                    "responses",
                    "/v1/responses",
                    _responses(model, stream=stream),
                    stream,
                    (b"response.completed",),
                    (b"response.failed", b"event: error"),
                ),
                Way("gemini", f"/v1beta/models/{model}:{action}", _gemini, stream, (b"finishReason",), (b'"error"',)),
                Way("ollama", "/api/chat", _chat(model, stream=stream), stream, (b'"done":true',), (b'"error"',)),
            ]
    return ways


WAYS = _all()
