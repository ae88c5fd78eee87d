"""The text frames of a WebSocket: the events of an answer, one each, errors, and answers that nobody was asked for."""

from collections.abc import Iterator, Sequence
from time import time
from typing import Any

import msgspec

from passenger.dialects.framing import CR, read_sse
from passenger.dialects.openai.errors import error_object
from passenger.errors import Failure, Kind
from passenger.exchange import new_id
from passenger.jsontext import surrogates

_NAME = b"event: "

STATUS_OF = {
    "authentication_error": 401,
    "insufficient_quota": 402,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "invalid_request_error": 400,
}
"""The status of an error that comes in a stream, by its type or code; any other is 502."""


def events_in(piece: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and the data of the server-sent events of a piece, which holds whole ones; comments are left out."""
    if CR in piece:
        piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for event in piece.split(b"\n\n"):
        name, found, data = event.partition(b"\ndata: ")
        if found and name[:7] == _NAME and b"\n" not in data and b"\n" not in name:
            yield name[7:], data
        elif event and (message := read_sse(event + b"\n\n")) is not None:
            yield message.event.encode(), message.data


def frame_head(size: int) -> bytes:
    """What stands before a text of a server (https://www.rfc-editor.org/rfc/rfc6455#section-5.2)."""
    if size < 126:
        return b"\x81%c" % size
    if size < 65_536:
        return b"\x81\x7e%b" % size.to_bytes(2, "big")
    return b"\x81\x7f%b" % size.to_bytes(8, "big")


_HEADS = [frame_head(size) for size in range(1024)]


def text_frames(texts: Sequence[bytes]) -> bytes:
    """Whole text frames. The library takes 1.5 us for one, a third of what an event costs in all."""
    parts = list[bytes]()
    for text in texts:
        size = len(text)
        parts += (_HEADS[size] if size < 1024 else frame_head(size), text)
    return b"".join(parts)


def mark_of(stream_id: str | None) -> bytes:
    """What is put into each event of a lane, right behind its opening brace; empty for the lane without a name."""
    return b'{"stream_id":%b,' % msgspec.json.encode(stream_id) if stream_id is not None else b""


def marked(text: bytes, mark: bytes) -> bytes:
    """An event with the mark of its lane."""
    return mark + text[1:] if mark else text


def error_text(status: int, error: object, mark: bytes = b"", retry_after: str | None = None) -> bytes:
    """The one shape of all error frames: Codex waits for ever where one has no `status` (2026-11)."""
    frame = {"type": "error", "status": status, "error": error}
    if retry_after is not None:
        frame["headers"] = {"retry-after": retry_after}
    return marked(msgspec.json.encode(frame), mark)


def failure_text(failure: Failure, mark: bytes = b"") -> bytes:
    """A failure as an error frame."""
    return error_text(failure.status, error_object(failure), mark, failure.retry_after)


def status_of(error: dict[str, Any]) -> int:
    """The status of an error that comes in a stream, by its type or its code."""
    return STATUS_OF.get(str(error.get("type"))) or STATUS_OF.get(str(error.get("code"))) or 502


class _Created(msgspec.Struct):
    response: dict[str, msgspec.Raw]


_CREATED = msgspec.json.Decoder(_Created)


def failed_text(created: bytes, error: dict[str, Any], number: int, mark: bytes) -> bytes:
    """`response.failed` for an answer that began with `created`, the first event."""
    try:
        response: dict[str, Any] = dict(surrogates.decode(_CREATED, created).response)
    except msgspec.MsgspecError:
        response = {"id": f"resp_{new_id().replace('-', '')}", "object": "response", "created_at": int(time())}
    told = {"code": error.get("code") or "server_error", "message": str(error.get("message") or "the answer broke off")}
    response |= {"status": "failed", "error": told}
    return marked(
        msgspec.json.encode({"type": "response.failed", "sequence_number": number, "response": response}), mark
    )


_ANY = msgspec.json.Decoder()


def read_error(data: bytes) -> dict[str, Any]:
    """The error object of an error's body or event: nested as ours is, or flat."""
    try:
        event = surrogates.decode(_ANY, data)
    except (msgspec.MsgspecError, RecursionError):
        event = {}
    event = event if isinstance(event, dict) else {}
    error = event.get("error")
    if not isinstance(error, dict):
        error = {name: event.get(name) for name in ("code", "message", "param")}
    kind = error.get("type") or "server_error"
    return {"type": kind, "code": error.get("code"), "message": error.get("message"), "param": error.get("param")}


def warm_up(model: str, previous: str | None, mark: bytes) -> tuple[str, list[bytes]]:
    """The id and the events of an answer to a request that wants none (`generate: false`)."""
    identity = f"resp_{new_id().replace('-', '')}"
    response: dict[str, Any] = {
        "id": identity,
        "object": "response",
        "created_at": int(time()),
        "model": model,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "tools": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "temperature": 1.0,
        "top_p": 1.0,
        "store": False,
        "previous_response_id": previous,
        "background": False,
        "truncation": "disabled",
    }
    usage = {
        "input_tokens": 0,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 0,
    }
    created = {**response, "status": "in_progress", "usage": None}
    completed = {**response, "status": "completed", "usage": usage}
    events = (("response.created", created), ("response.completed", completed))
    texts = [
        marked(msgspec.json.encode({"type": kind, "sequence_number": number, "response": told}), mark)
        for number, (kind, told) in enumerate(events)
    ]
    return identity, texts


def steer_failed(steer: object, failure: Failure, mark: bytes) -> bytes:
    """The answer to an input for a response that is being made."""
    error = {"type": "invalid_request_error", "code": failure.code, "message": failure.message}
    return marked(
        msgspec.json.encode({"type": "response.steer.failed", "sequence_number": 0, "steer": steer, "error": error}),
        mark,
    )


def bad_frame(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Failure:
    """A failure of what a client has sent."""
    return Failure(Kind.INVALID, message, status=status, code=code, param=param)
