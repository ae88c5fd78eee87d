"""A plan as events of `/chat/completions`; Azure, Claude and Gemini fill them differently."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from hypothesis import strategies as st

from fuzz.answers.plan import Called, Part, Plan, Said, Thought, cut, mixed
from fuzz.requests.plan import Draw

JSON = dict[str, Any]


def tell(draw: Draw, plan: Plan) -> list[JSON | str]:
    """The events."""
    head = draw(st.sampled_from(({"id": "c1", "model": "gpt-4o"}, {"id": "", "model": ""}, {})))
    index = draw(st.sampled_from(({"index": 0}, {})))
    deltas = [*_Calls(draw).of(plan.parts)]
    events: list[JSON | str] = [{**head, "choices": [{**index, "delta": delta}]} for delta in deltas]
    events.insert(0, {**head, "choices": [{**index, "delta": {"role": "assistant", "content": ""}}]})
    if draw(st.booleans()):
        events.insert(0, {"choices": [], "prompt_filter_results": [], "model": ""})
    why = "length" if plan.full else "tool_calls" if plan.calls else "stop"
    events.append({**head, "choices": [{**index, "finish_reason": why, "delta": {}}]})
    if draw(st.booleans()):
        events.append({**head, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    return [*events, "[DONE]"] if draw(st.booleans()) else events


class _Calls:
    """Writes the parts, and numbers the calls: each its own number, or 0 for all as Claude does."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._number = -1
        self._all_zero = draw(st.booleans())

    def of(self, parts: tuple[Part, ...]) -> Iterator[JSON]:
        """The deltas; calls beside each other may come all at once where each has its own number."""
        for is_call, run in groupby(parts, lambda part: isinstance(part, Called)):
            lines = [list(self._part(part)) for part in run]
            mix = is_call and not self._all_zero
            yield from mixed(self._draw, lines) if mix else (delta for line in lines for delta in line)

    def _part(self, part: Part) -> Iterator[JSON]:
        match part:
            case Said(text):
                yield from ({"content": piece} for piece in cut(self._draw, text))
            case Thought(text, signature):
                yield from ({"reasoning_text": piece} for piece in cut(self._draw, text))
                yield {"reasoning_opaque": signature}
            case Called():
                self._number += 0 if self._all_zero and self._number == 0 else 1
                yield from self._call(part, self._number)

    def _call(self, call: Called, number: int) -> Iterator[JSON]:
        where = {} if number == 0 and self._draw(st.booleans()) else {"index": number}
        first, *rest = cut(self._draw, call.arguments)
        function = {"name": call.name, "arguments": first}
        yield _calling({**where, "id": call.id, "type": "function", "function": function})
        for piece in rest:
            yield _calling({**where, "function": {"arguments": piece}})


def _calling(call: JSON) -> JSON:
    return {"content": None, "tool_calls": [call]}
