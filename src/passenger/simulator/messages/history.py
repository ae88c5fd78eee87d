"""What is refused of the conversation so far: prefill, emptiness, unpaired tools, thoughts."""

from collections.abc import Iterator
from typing import NoReturn

from passenger.simulator.messages.errors import refuse
from passenger.simulator.messages.question import blocks
from passenger.simulator.messages.thoughts import Verdict, verdict
from passenger.simulator.question import Body

THOUGHTS = {"thinking", "redacted_thinking"}
FIRST_THINK = (
    "Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final `assistant` "
    "message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
)


def check_history(body: Body) -> None:
    """Refuse a conversation that could not have been."""
    messages = body["messages"]
    if messages[-1]["role"] == "assistant":
        refuse("This model does not support assistant message prefill. The conversation must end with a user message.")
    _check_texts(body)
    _check_pairs(messages)
    for index, message in enumerate(messages):
        for place, block in enumerate(blocks(message["content"])):
            _check_thought(block, f"messages.{index}.content.{place}")
    if (body.get("thinking") or {}).get("type") == "enabled":
        _check_first_thought(messages)


def _check_texts(body: Body) -> None:
    for index, message in enumerate(body["messages"]):
        if not message["content"]:
            refuse(f"messages.{index}: all messages must have non-empty content")
        if any(_is_empty(block) for block in _deep(message["content"])):
            refuse("messages: text content blocks must be non-empty")
    if isinstance(body.get("system"), list) and any(_is_empty(block) for block in body["system"]):
        refuse("system: text content blocks must be non-empty")


def _is_empty(block: Body) -> bool:
    return block.get("type") == "text" and not block["text"]


def _deep(content: object) -> Iterator[Body]:
    for block in blocks(content):
        yield block
        if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
            yield from blocks(block["content"])


def _check_pairs(messages: list[Body]) -> None:
    """Each call has its result in the next turn, and each result its call in the last; turns may be many messages."""
    waiting: list[str] = []
    asked_in = 0
    for index, turn in _turns(messages):
        results = [b["tool_use_id"] for m in turn for b in blocks(m["content"]) if b.get("type") == "tool_result"]
        orphans = [call for call in waiting if call not in results]
        if orphans:
            _refuse_calls(asked_in, orphans)
        for number, result in enumerate(results):
            if result not in waiting:
                refuse(
                    f"messages.{index}.content.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{result}. Each `tool_result` block must have a corresponding `tool_use` block in the previous "
                    "message."
                )
        waiting = [b["id"] for m in turn for b in blocks(m["content"]) if b.get("type") == "tool_use"]
        asked_in = index
    if waiting:
        _refuse_calls(asked_in, waiting)


def _refuse_calls(index: int, calls: list[str]) -> NoReturn:
    refuse(
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _turns(messages: list[Body]) -> Iterator[tuple[int, list[Body]]]:
    """Consecutive messages of one role, with the place of the first; what the system says in between is nobody's."""
    turn: list[Body] = []
    start = 0
    for index, message in enumerate(messages):
        if message["role"] == "system":
            continue
        if turn and turn[0]["role"] != message["role"]:
            yield start, turn
            turn = []
        if not turn:
            start = index
        turn.append(message)
    if turn:
        yield start, turn


def _check_thought(block: Body, place: str) -> None:
    match block:
        case {"type": "thinking", "thinking": thinking, "signature": signature}:
            _judge(verdict(str(thinking), str(signature)), place, "signature", "thinking")
        case {"type": "redacted_thinking", "data": data}:
            _judge(verdict("", str(data)), place, "data", "redacted_thinking")
        case _:
            pass


def _judge(found: Verdict, place: str, field: str, kind: str) -> None:
    if found == "foreign":
        refuse(f"{place}: Invalid `{field}` in `{kind}` block")
    if found == "changed":
        refuse(
            f"{place}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
            "These blocks must remain as they were in the original response: thinking blocks cannot be modified."
        )


def _check_first_thought(messages: list[Body]) -> None:
    """A model that thinks must see its thoughts before the calls whose results it is told."""
    turns = list(_turns(messages))
    if len(turns) < 2 or not any(b.get("type") == "tool_result" for m in turns[-1][1] for b in blocks(m["content"])):
        return
    index, turn = turns[-2]
    found = blocks(turn[0]["content"])[0].get("type")
    if found not in THOUGHTS:
        refuse(f"messages.{index}.content.0.type: " + FIRST_THINK.format(found=found))
