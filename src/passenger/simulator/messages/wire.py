"""Claude's own wire: a message whole, or as blocks in a stream."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from passenger.simulator.answers import REFUSAL, Answer
from passenger.simulator.billing import copilot_usage, counts_of
from passenger.simulator.calls import Call
from passenger.simulator.catalogue import Model
from passenger.simulator.messages.thoughts import sign
from passenger.simulator.vendors.wanted import fragments

Json = dict[str, Any]

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
STOP_REASONS |= {"refusal": "refusal", "filter": "refusal"}
START_OUTPUT = 2  # output tokens that the first event of a stream already counts


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to write; `omits` seals thoughts without showing them, `edits` names the context edits (none)."""

    answer: Answer
    model: Model
    omits: bool = False
    edits: bool = False
    bedrock: bool = False
    pings: bool = False

    @property
    def backend(self) -> str:
        """What its ids begin with after their kind."""
        return "bdrk_01" if self.bedrock else "01"

    @property
    def is_cut(self) -> bool:
        """Whether it ends in the middle."""
        return self.answer.choices[0].finish in {"length", "filter"}

    @property
    def output_tokens(self) -> int:
        """What was said, thoughts included."""
        return self.answer.completion_tokens + self.answer.reasoning_tokens


def body_of(told: Told) -> Json:
    """The answer to a request without `stream`."""
    choice = told.answer.choices[0]
    content = _thinking(told)
    if choice.text and choice.finish != "refusal":
        content.append({"text": choice.text, "type": "text"})
    content += [_tool_use(told, call, number) for number, call in enumerate(choice.calls)]
    return (
        _message(told, content) | _stop(told) | _context(told) | {"copilot_usage": _bill(told), "usage": _usage(told)}
    )


def events_of(told: Told) -> Iterator[Json]:
    """The events of a stream: the message's start, its blocks, its end; `ping` where it is ordered."""
    start = _usage(told) | {"output_tokens": START_OUTPUT, "output_tokens_details": {"thinking_tokens": 0}}
    opened = _message(told, []) | {"stop_reason": None, "stop_sequence": None, "usage": start}
    yield {"message": opened, "type": "message_start"}
    yield from _ping(told)
    indices = itertools.count()
    for shape, deltas in _blocks(told):
        index = next(indices)
        yield {"content_block": shape, "index": index, "type": "content_block_start"}
        for delta in deltas:
            yield {"delta": delta, "index": index, "type": "content_block_delta"}
        yield {"index": index, "type": "content_block_stop"}
    yield from _ping(told)
    usage = {key: value for key, value in _usage(told).items() if key not in {"cache_creation", "inference_geo"}}
    end = {"copilot_usage": _bill(told), "delta": _stop(told), "usage": usage}
    yield {"type": "message_delta"} | _context(told) | end
    yield {"type": "message_stop"} | _metrics(told)


def _blocks(told: Told) -> Iterator[tuple[Json, list[Json]]]:
    """Each block: how it starts, and its deltas."""
    choice = told.answer.choices[0]
    for block in _thinking(told):
        yield {"signature": "", "thinking": "", "type": "thinking"}, _thinking_deltas(block)
    if choice.pieces and choice.finish != "refusal":
        yield {"text": "", "type": "text"}, [{"text": piece, "type": "text_delta"} for piece in choice.pieces]
    for number, call in enumerate(choice.calls):
        pieces = ["", *fragments(call.arguments)]
        deltas = [{"partial_json": piece, "type": "input_json_delta"} for piece in pieces]
        yield _tool_use(told, Call(call.name, ""), number), deltas


def _thinking(told: Told) -> list[Json]:
    if not told.answer.thinking:
        return []
    # Claude's thoughts end with their last word, and clients that trim what they keep give them back unchanged.
    shown = "" if told.omits else told.answer.thinking.rstrip()
    return [{"signature": sign(shown, told.answer.digest), "thinking": shown, "type": "thinking"}]


def _thinking_deltas(block: Json) -> list[Json]:
    """Thinking in two pieces, if it is shown, then its seal."""
    text, half = block["thinking"], len(block["thinking"]) // 2
    pieces = [{"thinking": piece, "type": "thinking_delta"} for piece in (text[:half], text[half:]) if piece]
    return [*pieces, {"signature": block["signature"], "type": "signature_delta"}]


def _tool_use(told: Told, call: Call, number: int) -> Json:
    call_id = f"toolu_{told.backend}{told.answer.digest[:20]}{number}"
    return {"id": call_id, "input": _input(call.arguments, cut=told.is_cut), "name": call.name, "type": "tool_use"}


def _input(arguments: str, *, cut: bool) -> Any:  # Any: the JSON edge
    """The arguments as the object they are; what is ordered badly written is passed on as a text inside one.

    Half a call has no arguments in a message that comes whole.
    """
    try:
        return json.loads(arguments or "{}", strict=False)
    except ValueError:
        return {} if cut else {"INVALID_JSON": arguments}


def _message(told: Told, content: list[Json]) -> Json:
    return {
        "content": content,
        "id": f"msg_{told.backend}{told.answer.digest[:20]}",
        "model": told.model.id.replace(".", "-"),
        "role": "assistant",
        "stop_details": None,
        "type": "message",
    }


def _stop(told: Told) -> Json:
    choice = told.answer.choices[0]
    reason = "stop_sequence" if choice.stopped_at is not None else STOP_REASONS[choice.finish]
    details = {"category": "cyber", "explanation": REFUSAL, "type": "refusal"} if reason == "refusal" else None
    return {"stop_details": details, "stop_reason": reason, "stop_sequence": choice.stopped_at}


def _usage(told: Told) -> Json:
    cached = told.answer.cached
    kept = {"ephemeral_1h_input_tokens": cached.written_1h, "ephemeral_5m_input_tokens": cached.written_5m}
    return {
        "cache_creation": kept,
        "cache_creation_input_tokens": cached.written,
        "cache_read_input_tokens": cached.read,
        "inference_geo": "global",
        "input_tokens": _fresh(told),
        "output_tokens": told.output_tokens,
        "output_tokens_details": {"thinking_tokens": told.answer.reasoning_tokens},
    }


def _bill(told: Told) -> Json:
    return copilot_usage(told.model, counts_of(told.answer, told.model))


def _fresh(told: Told) -> int:
    return told.answer.prompt_tokens - told.answer.cached.read - told.answer.cached.written


def _context(told: Told) -> Json:
    return {"context_management": {"applied_edits": []}} if told.edits else {}


def _metrics(told: Told) -> Json:
    if not told.bedrock:
        return {}
    counts = {"inputTokenCount": told.answer.prompt_tokens, "outputTokenCount": told.output_tokens}
    times = {"firstByteLatency": 200, "invocationLatency": 900}
    return {"amazon-bedrock-invocationMetrics": counts | times}


def _ping(told: Told) -> Iterator[Json]:
    if told.pings:
        yield {"type": "ping"}
