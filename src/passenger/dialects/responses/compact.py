"""`POST /v1/responses/compact`: the same wish as a `compaction_trigger`, in a request and an answer of its own shape.

Facts: the OpenAI API reference ("Compact a response").
"""

from typing import Any

from passenger.body import Body
from passenger.chat import JSON
from passenger.decoding import decode, dumps, invalid
from passenger.dialects import Request
from passenger.dialects.responses.compaction import TRIGGER
from passenger.errors import Failure, Kind

_OURS = ("id", "created_at", "usage")
"""What the two answers have in common."""


def as_question(request: Request) -> Request:
    """The request for a response that has the conversation compacted.

    Raises:
        Failure: it is no JSON object, or has no input.
    """
    decode(request.body)
    body = Body(request.body, request.fields)
    body.drop("stream")
    body.set_raw("input", dumps([*_items(body.get("input")), {"type": TRIGGER}]))
    return Request(body.encode(), request.path_params, request.headers, request.query, request.heavy)


def _items(given: Any) -> list[Any]:
    match given:
        case str():
            return [{"type": "message", "role": "user", "content": given}]
        case [*items, {"type": kind}] if kind == TRIGGER:
            return items
        case list():
            return given
        case None:
            raise invalid("input is missing", "input")
        case _:
            raise invalid("input must be a text or a list of items", "input")


def write_answer(request: Request, response: bytes) -> bytes:
    """The answer: what the user said, then the conversation in its compact form.

    Raises:
        Failure: the model did something else.
    """
    answer = decode(response)
    output = [item for item in answer["output"] if item.get("type") == "compaction"]
    if not output:
        raise Failure(Kind.UPSTREAM, "the model did not compact the conversation", code="bad_answer")
    said = [_retained(item, index) for index, item in enumerate(_said(request))]
    kept = {name: answer[name] for name in _OURS}
    return dumps({**kept, "object": "response.compaction", "output": [*said, *output]})


def _said(request: Request) -> list[JSON]:
    return [item for item in _items(Body(request.body, request.fields).get("input")) if _is_said(item)]


def _is_said(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "user" and item.get("type", "message") == "message"


def _retained(item: JSON, index: int) -> JSON:
    """A message as an answer has it."""
    content = item.get("content")
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    shape = {"type": "message", "id": item.get("id") or f"msg_{index}", "status": "completed", "role": "user"}
    return {**shape, "content": parts}
