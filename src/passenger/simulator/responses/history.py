"""What is refused of the input of a `/responses` request: its items, their ids, calls without outputs (5.1, 5.3)."""

from typing import Any

from passenger.simulator.question import Body, word
from passenger.simulator.refusals import Refusal, RefusedError
from passenger.simulator.responses.errors import missing, refuse, wrong_type, wrong_value
from passenger.simulator.responses.ids import ID_BYTES, verdict
from passenger.simulator.responses.items import CALLS, TRIGGER, items_of
from passenger.simulator.responses.known import check_item_fields, check_part_fields
from passenger.simulator.responses.tools import check_tool

ROLES = ("assistant", "system", "developer", "user")
PARTS = ("input_text", "input_image", "output_text", "refusal", "input_file")
SPOKEN = ("output_text", "refusal")
"""The parts of an assistant's message; those of the others begin with `input_`."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "additional_tools": ("tools",),
    "apply_patch_call": (),
    "apply_patch_call_output": (),
    "compaction": ("encrypted_content",),
    "compaction_trigger": (),
    "custom_tool_call": ("call_id", "input", "name"),
    "custom_tool_call_output": ("call_id", "output"),
    "function_call": ("arguments", "call_id", "name"),
    "function_call_output": ("call_id", "output"),
    "item_reference": ("id",),
    "message": ("content", "role"),
    "reasoning": ("summary",),
    "shell_call": (),
    "shell_call_output": (),
    "tool_search_call": (),
    "tool_search_output": (),
    "web_search_call": (),
}
"""The items there are, and what each must have."""

PREFIXES = {
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "function_call": "fc",
    "function_call_output": "fc",
    "message": "msg",
    "reasoning": "rs",
    "web_search_call": "ws",
}
SEALED = {"compaction", "reasoning"}
STRANGER = Refusal(400, "input item ID does not belong to this connection", "")
BLOB = ID_BYTES // 3 * 4  # an id that CAPI itself made has this many characters


def check_input(body: Body, login: str) -> None:
    """Refuse an input with an item that there is not, that is not whole, or that is somebody else's."""
    given = body["input"]
    for index, item in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(item, dict):
            wrong_type(f"input[{index}]", "an object", item)
    items = items_of(body)
    for index, item in enumerate(items):
        _check_item(item, f"input[{index}]")
        _check_owner(item, f"input[{index}]", login)
    if any(item["type"] == TRIGGER for item in items[:-1]):
        refuse("The 'compaction_trigger' item must be the final input item.")
    _check_pairs(items)


def _check_item(item: Body, place: str) -> None:
    if item.get("type") is None:
        missing(f"{place}.type")
    kind = word(item["type"])
    if kind not in REQUIRED:
        wrong_value(kind, REQUIRED)
    for name in REQUIRED[kind]:
        if item.get(name) is None:
            missing(f"{place}.{name}")
    match kind:
        case "message":
            _check_message(item, place)
        case "function_call_output" | "custom_tool_call_output":
            _check_parts(item["output"], f"{place}.output")
        case "item_reference":
            refuse(f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false.")
        case "additional_tools" if not isinstance(item["tools"], list):
            wrong_type(f"{place}.tools", "an array", item["tools"])
        case "additional_tools":
            for index, tool in enumerate(item["tools"]):
                check_tool(tool, f"{place}.tools[{index}]")
        case _:
            pass
    check_item_fields(item, kind, place)


def _check_message(item: Body, place: str) -> None:
    if item["role"] not in ROLES:
        wrong_value(word(item["role"]), ROLES)
    _check_parts(item["content"], f"{place}.content", spoken=item["role"] == "assistant")


def _check_parts(parts: Any, place: str, *, spoken: bool = False) -> None:  # Any: the JSON edge
    if not isinstance(parts, str | list):
        wrong_type(place, "an array of objects or string", parts)
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        _check_part(part, f"{place}[{index}]", spoken=spoken)


def _check_part(part: Any, place: str, *, spoken: bool) -> None:  # Any: the JSON edge
    if not isinstance(part, dict):
        wrong_type(place, "an object", part)
    if part.get("type") is None:
        missing(f"{place}.type")
    kind = word(part["type"])
    if kind not in PARTS or (spoken and kind not in SPOKEN):
        wrong_value(kind, SPOKEN if spoken else PARTS)
    if kind in {"input_text", "output_text"} and not isinstance(part.get("text"), str):
        missing(f"{place}.text")
    if kind == "input_image" and not isinstance(part.get("image_url"), str):
        wrong_type(f"{place}.image_url", "a string", part.get("image_url"))
    check_part_fields(part, place)


def _check_owner(item: Body, place: str, login: str) -> None:
    item_id, sealed = item.get("id"), item.get("encrypted_content")
    if item_id is not None:
        _check_id(item, str(item_id), place, login)
    if item["type"] in SEALED and sealed is not None and verdict(str(sealed), login, "content") != "good":
        refuse(
            f"The encrypted content {str(sealed)[:8]}... could not be verified. "
            "Reason: Encrypted content could not be decrypted or parsed."
        )


def _check_id(item: Body, item_id: str, place: str, login: str) -> None:
    """An id is ours and the login's, or begins as OpenAI's do; what is as long as ours is somebody's."""
    found = verdict(item_id, login, "id")
    if found == "foreign" or (found == "unknown" and len(item_id) >= BLOB):
        raise RefusedError(STRANGER)
    prefix = PREFIXES.get(item["type"])
    if found == "unknown" and prefix is not None and not item_id.startswith(prefix):
        refuse(f"Invalid '{place}.id': '{item_id}'. Expected an ID that begins with '{prefix}'.")


def _check_pairs(items: list[Body]) -> None:
    for call, output in CALLS.items():
        asked = _call_ids(items, call)
        answered = _call_ids(items, output)
        words = call.replace("_", " ")
        for key, call_id in asked.items():
            if key not in answered:
                refuse(f"No tool output found for {words} {call_id}.")
        for key, call_id in answered.items():
            if key not in asked:
                refuse(f"No tool call found for {words} output with call_id {call_id}.")


def _call_ids(items: list[Body], kind: str) -> dict[str, object]:
    """The `call_id` of each item of a kind, which may be any JSON, by what it looks like."""
    return {repr(item["call_id"]): item["call_id"] for item in items if item["type"] == kind}
