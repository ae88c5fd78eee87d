"""The fields that items and parts of a `/responses` input may have: CAPI refuses any other."""

from typing import Any

from passenger.simulator.question import Body
from passenger.simulator.responses.errors import unknown

ITEMS: dict[str, frozenset[str]] = {
    "additional_tools": frozenset({"id", "role", "tools", "type"}),
    "apply_patch_call": frozenset({"call_id", "id", "operation", "status", "type"}),
    "apply_patch_call_output": frozenset({"call_id", "id", "output", "status", "type"}),
    "compaction": frozenset({"encrypted_content", "id", "type"}),
    "compaction_trigger": frozenset({"type"}),
    "custom_tool_call": frozenset({"call_id", "id", "input", "name", "namespace", "status", "type"}),
    "custom_tool_call_output": frozenset({"call_id", "id", "output", "status", "type"}),
    "function_call": frozenset({"arguments", "call_id", "id", "name", "namespace", "status", "type"}),
    "function_call_output": frozenset({"call_id", "id", "output", "status", "type"}),
    "item_reference": frozenset({"id", "type"}),
    "message": frozenset({"content", "id", "phase", "role", "status", "type"}),
    "reasoning": frozenset({"content", "encrypted_content", "id", "status", "summary", "type"}),
    "shell_call": frozenset({"action", "call_id", "environment", "id", "status", "type"}),
    "shell_call_output": frozenset({"call_id", "id", "max_output_length", "output", "status", "type"}),
    "tool_search_call": frozenset({"arguments", "call_id", "execution", "id", "status", "type"}),
    "tool_search_output": frozenset({"call_id", "execution", "id", "status", "tools", "type"}),
    "web_search_call": frozenset({"action", "id", "status", "type"}),
}

PARTS: dict[str, frozenset[str]] = {
    "input_file": frozenset({"file_data", "file_id", "file_url", "filename", "type"}),
    "input_image": frozenset({"detail", "file_id", "image_url", "type"}),
    "input_text": frozenset({"text", "type"}),
    "output_text": frozenset({"annotations", "logprobs", "text", "type"}),
    "reasoning_text": frozenset({"text", "type"}),
    "refusal": frozenset({"refusal", "type"}),
    "summary_text": frozenset({"text", "type"}),
}


def check_item_fields(item: Body, kind: str, place: str) -> None:
    """Refuse an item with a field that items of its kind do not have."""
    _check(item, ITEMS[kind], place)
    if kind == "reasoning":
        for name in ("summary", "content"):
            parts = item.get(name)
            for index, part in enumerate(parts if isinstance(parts, list) else ()):
                check_part_fields(part, f"{place}.{name}[{index}]")


def check_part_fields(part: Any, place: str) -> None:  # Any: the JSON edge
    """Refuse a part with a field that parts of its kind do not have."""
    if isinstance(part, dict) and (known := PARTS.get(str(part.get("type")))) is not None:
        _check(part, known, place)


def _check(fields: Body, known: frozenset[str], place: str) -> None:
    for name in fields:
        if name not in known:
            unknown(f"{place}.{name}")
