"""A plan as events of `/responses`, where what came in pieces is said again as a whole."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.answers.plan import Called, Part, Plan, Said, Thought, cut, mixed
from fuzz.requests.plan import Draw

JSON = dict[str, Any]


def tell(draw: Draw, plan: Plan) -> list[JSON | str]:
    """The events, numbered; items beside each other may come all at once."""
    items = [_Item(draw, part, index) for index, part in enumerate(plan.parts)]
    events: list[JSON] = [{"type": "response.created", "response": {"model": "gpt", "output": []}}]
    if draw(st.booleans()):
        events.append({"type": "response.in_progress", "response": {"model": "gpt", "output": []}})
    events += mixed(draw, [list(item.events()) for item in items])
    events.append(_end(plan, [item.whole() for item in items]))
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _end(plan: Plan, output: list[JSON]) -> JSON:
    response: JSON = {"model": "gpt", "output": output, "usage": {"input_tokens": 3, "output_tokens": 4}}
    if plan.full:
        details = {"incomplete_details": {"reason": "max_output_tokens"}}
        return {"type": "response.incomplete", "response": response | details}
    return {"type": "response.completed", "response": response}


class _Item:
    """One item and its events; ids change from event to event, as Copilot's do."""

    def __init__(self, draw: Draw, part: Part, index: int) -> None:
        self._draw = draw
        self.part = part
        self._index = index

    def whole(self) -> JSON:
        """The item when it is done."""
        match self.part:
            case Said(text):
                return {"type": "message", "role": "assistant", "content": [_text(text)]}
            case Thought(text, signature):
                return {"type": "reasoning", "summary": [_summary(text)], "encrypted_content": signature}
            case Called(call_id, name, arguments):
                return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}

    def events(self) -> Iterator[JSON]:
        """The events of its life."""
        for number, event in enumerate(self._life()):
            yield {**event, "output_index": self._index, "item_id": f"id-{self._index}-{number}"}

    def _life(self) -> Iterator[JSON]:
        yield {"type": "response.output_item.added", "item": self._begun()}
        kind, key, text, place = self._kind()
        if place is not None:
            part = "content_part" if "content_index" in place else "reasoning_summary_part"
            yield {"type": f"response.{part}.added", **place, "part": self._part("")}
        for piece in cut(self._draw, text) if self._draw(st.integers(0, 3)) else []:
            yield {"type": f"response.{kind}.delta", **(place or {}), "delta": piece}
        if self._draw(st.integers(0, 3)):
            yield {"type": f"response.{kind}.done", **(place or {}), key: text}
            if place is not None:
                yield {"type": f"response.{part}.done", **place, "part": self._part(text)}
        yield {"type": "response.output_item.done", "item": self.whole()}

    def _begun(self) -> JSON:
        match self.part:
            case Said():
                return {"type": "message", "role": "assistant", "content": []}
            case Thought():
                return {"type": "reasoning", "summary": []}
            case Called(call_id, name, _):
                return {"type": "function_call", "call_id": call_id, "name": name, "arguments": ""}

    def _kind(self) -> tuple[str, str, str, JSON | None]:
        match self.part:
            case Said(text):
                return "output_text", "text", text, {"content_index": 0}
            case Thought(text, _):
                return "reasoning_summary_text", "text", text, {"summary_index": 0}
            case Called(_, _, arguments):
                return "function_call_arguments", "arguments", arguments, None

    def _part(self, text: str) -> JSON:
        return _text(text) if isinstance(self.part, Said) else _summary(text)


def _text(text: str) -> JSON:
    return {"type": "output_text", "text": text, "annotations": []}


def _summary(text: str) -> JSON:
    return {"type": "summary_text", "text": text}
