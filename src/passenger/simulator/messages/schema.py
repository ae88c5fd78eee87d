"""The shape of a `/v1/messages` body: which fields each part has, and of what type."""

from typing import Any

from passenger.simulator.messages.errors import extra, refuse
from passenger.simulator.question import Body, word

Types = tuple[type, ...]

FIELDS: dict[str, Types] = {
    "context_management": (dict,),
    "max_tokens": (int,),
    "messages": (list,),
    "metadata": (dict,),
    "model": (str,),
    "output_config": (dict,),
    "stop_sequences": (list,),
    "stream": (bool,),
    "system": (str, list),
    "temperature": (int, float),
    "thinking": (dict,),
    "tool_choice": (dict,),
    "tools": (list,),
    "top_k": (int,),
    "top_p": (int, float),
}
"""The fields of a message; any other is an extra input, also `cache_control`, `speed` and `inference_geo`."""

COUNT_FIELDS = {
    name: FIELDS[name]
    for name in (
        "context_management",
        "messages",
        "model",
        "output_config",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    )
}
"""The fields of a prompt to be counted."""

TYPE_NAMES = {
    bool: "a valid boolean",
    dict: "a valid dictionary",
    int: "a valid integer",
    list: "a valid array",
    str: "a valid string",
}
UNIT_RANGE = ("temperature", "top_p")
MID_SYSTEM_BETA = "mid-conversation-system-2026-04-07"

BLOCKS: dict[str, frozenset[str]] = {
    "document": frozenset({"cache_control", "citations", "context", "source", "title"}),
    "image": frozenset({"cache_control", "source"}),
    "redacted_thinking": frozenset({"data"}),
    "search_result": frozenset({"cache_control", "citations", "content", "source", "title"}),
    "server_tool_use": frozenset({"cache_control", "caller", "id", "input", "name"}),
    "text": frozenset({"cache_control", "citations", "text"}),
    "thinking": frozenset({"signature", "thinking"}),
    "tool_reference": frozenset({"cache_control", "tool_name"}),
    "tool_result": frozenset({"cache_control", "content", "is_error", "tool_use_id"}),
    "tool_search_tool_result": frozenset({"cache_control", "content", "tool_use_id"}),
    "tool_use": frozenset({"cache_control", "caller", "id", "input", "name"}),
}
"""The fields of each block beside `type`."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "document": ("source",),
    "image": ("source",),
    "redacted_thinking": ("data",),
    "text": ("text",),
    "thinking": ("signature", "thinking"),
    "tool_result": ("tool_use_id",),
    "tool_use": ("id", "input", "name"),
}
TEXTS = {"data", "id", "name", "signature", "text", "thinking", "tool_use_id"}
MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
CACHE_FIELDS = {"type", "ttl"}
TTLS = ("5m", "1h")


def check_schema(body: Body, fields: dict[str, Types], required: tuple[str, ...], *, speaks_system: bool) -> None:
    """Refuse a body whose parts are not what they must be, naming the first one's place."""
    for name in required:
        if name not in body:
            refuse(f"{name}: Field required")
    for name, value in body.items():
        if name not in fields:
            extra(name)
        _check_type(name, value, fields[name])
    _check_ranges(body)
    for index, block in enumerate(body["system"] if isinstance(body.get("system"), list) else ()):
        check_block(block, f"system.{index}", tagged=False)
    if not body["messages"]:
        refuse("messages: at least one message is required")
    for index, message in enumerate(body["messages"]):
        _check_message(message, f"messages.{index}", speaks_system=speaks_system)


def check_block(block: Any, place: str, *, tagged: bool = True) -> None:  # Any: the JSON edge
    """Refuse a block of an unknown kind, with a missing or an extra field; `tagged` places repeat the kind."""
    kind = word(block.get("type")) if isinstance(block, dict) else word(block)
    if kind not in BLOCKS or (not tagged and kind != "text"):
        expected = ", ".join(f"'{name}'" for name in (sorted(BLOCKS) if tagged else ("text",)))
        refuse(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {expected}")
    inner = f"{place}.{kind}" if tagged else place
    for name in REQUIRED.get(kind, ()):
        if name not in block:
            refuse(f"{inner}.{name}: Field required")
    for name, value in block.items():
        if name != "type" and name not in BLOCKS[kind]:
            extra(f"{inner}.{name}")
        if name in TEXTS and not isinstance(value, str):
            refuse(f"{inner}.{name}: Input should be a valid string")
    check_marker(block, inner)
    _check_inside(block, inner)


def check_marker(block: Body, place: str) -> None:
    """Refuse a cache marker that is not `{"type": "ephemeral"}`, with a lifetime or without."""
    marker = block.get("cache_control")
    if marker is None:
        return
    if not isinstance(marker, dict) or marker.get("type") != "ephemeral":
        refuse(f"{place}.cache_control: Input should be a valid dictionary of type 'ephemeral'")
    for name in marker:
        if name not in CACHE_FIELDS:
            extra(f"{place}.cache_control.ephemeral.{name}")
    if marker.get("ttl", TTLS[0]) not in TTLS:
        refuse(f"{place}.cache_control.ephemeral.ttl: Input should be '5m' or '1h'")


def _check_type(name: str, value: object, types: Types) -> None:
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        refuse(f"{name}: Input should be {TYPE_NAMES[types[0]]}")


def _check_ranges(body: Body) -> None:
    if body.get("max_tokens", 1) < 1:
        refuse("max_tokens: Input should be greater than or equal to 1")
    for name in UNIT_RANGE:
        if not 0 <= body.get(name, 0) <= 1:
            refuse(f"{name}: range: 0..1")
    if not all(isinstance(stop, str) and stop.strip() for stop in body.get("stop_sequences", ())):
        refuse("stop_sequences: each stop sequence must contain non-whitespace")


def _check_message(message: Any, place: str, *, speaks_system: bool) -> None:  # Any: the JSON edge
    if not isinstance(message, dict):
        refuse(f"{place}: Input should be a valid dictionary")
    for name in message:
        if name not in {"role", "content"}:
            extra(f"{place}.{name}")
    if word(message.get("role")) not in ({"user", "assistant", "system"} if speaks_system else {"user", "assistant"}):
        refuse(f"{place}.role: Input should be 'user' or 'assistant'")
    content = message.get("content")
    if not isinstance(content, str | list):
        refuse(f"{place}.content: Input should be a valid string or a valid list")
    for index, block in enumerate(content if isinstance(content, list) else ()):
        check_block(block, f"{place}.content.{index}")


def _check_inside(block: Body, place: str) -> None:
    match block:
        case {"type": "tool_use" | "server_tool_use", "input": value} if not isinstance(value, dict):
            refuse(f"{place}.input: Input should be a valid dictionary")
        case {"type": "tool_result", "content": list(inner)}:
            for index, one in enumerate(inner):
                check_block(one, f"{place}.content.{index}")
        case {"type": "image" | "document" as kind, "source": source}:
            _check_source(kind, source, f"{place}.source")
        case _:
            pass


def _check_source(kind: str, source: Any, place: str) -> None:  # Any: the JSON edge
    match source:
        case {"type": "base64", "media_type": media, "data": str()} if kind == "image" and media not in MEDIA_TYPES:
            refuse(f"{place}.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'")
        case {"type": "base64", "media_type": media, "data": str()} if (
            kind == "document" and media != "application/pdf"
        ):
            refuse(f"{place}.base64.media_type: Input should be 'application/pdf'")
        case {"type": "base64", "media_type": str(), "data": str()}:
            pass
        case {"type": "url", "url": str()} if kind == "image":
            pass  # an image that CAPI refuses in its own words
        case {"type": "text", "media_type": "text/plain", "data": str()} if kind == "document":
            pass
        case {"type": "base64"}:
            refuse(f"{place}.base64.data: Field required")
        case _:
            refuse(f"{place}: Input should be a base64 source")
