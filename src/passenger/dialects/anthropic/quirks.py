"""Fix-ups of relayed Messages requests, one function each: the reason, the date it was last seen, and a test.

Each can be deleted the day its reason is gone. A request is changed only where `Ask.signs` says that one may apply.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import JSON, Ask
from passenger.dialects.anthropic.betas import MID_SYSTEM
from passenger.dialects.anthropic.peek import (
    CACHE_SCOPE,
    EAGER_STREAMING,
    EMPTY_TEXT,
    FOREIGN_SIGNATURE,
    SEARCHED,
    SERVER_TOOL,
    SIGNATURE_FIELD,
    SYSTEM_MESSAGE,
)
from passenger.dialects.anthropic.web_search_in import SERVER_TOOLS, has_search, is_of_page, split_searches
from passenger.dialects.thinking import (
    DEFAULT_LIMIT,
    KIND,
    MESSAGES_EFFORT,
    fit_effort,
    is_wrong,
    reform,
    unsampled,
)
from passenger.errors import Failure, Kind
from passenger.jsontext import surrogates
from passenger.jsontext.paths import Path, text_at
from passenger.jsontext.raw_object import RawObject


@dataclass(slots=True)
class RequestEdit:
    """A request while it is changed: its parts decoded, and what has become of them."""

    parts: JSON
    capabilities: Capabilities
    changed: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    betas: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[JSON]:
        """The messages that are objects, as nearly all are."""
        return _objects(self.parts.get("messages"))

    def drop(self, name: str, part: str) -> None:
        """Record what was left out of which part."""
        self.dropped.append(name)
        self.changed.add(part)


# --- requests ----------------------------------------------------------------------------------------------------


def fill_in_limit(body: RawObject, capabilities: Capabilities) -> None:
    """Set `max_tokens` where the client does not: Anthropic requires it (2026-11)."""
    if "max_tokens" not in body:
        body.set("max_tokens", capabilities.max_output or DEFAULT_LIMIT)


EXTRA_FIELDS = ("cache_control", "inference_geo", "speed")


def leave_out_fields(body: RawObject) -> Iterator[str]:
    """Leave out top-level fields that some models refuse as extra inputs (2026-08). All of them only tune."""
    for name in EXTRA_FIELDS:
        if name in body:
            body.drop(name)
            yield name


def fix_parts(body: RawObject, ask: Ask, capabilities: Capabilities) -> tuple[list[str], list[str]]:
    """Apply the fixes that a request shows a need for.

    Returns the names of what was left out, and the betas that the request needs now.
    """
    due = [fix for sign, fix in FIXES.items() if ask.signs is None or sign in ask.signs]
    if not due:
        return [], []
    # Every number keeps its digits.
    edit = RequestEdit(json.loads(body.raw, parse_int=_digits, parse_float=_digits), capabilities)
    for fix in due:
        fix(edit)
    for name in sorted(edit.changed):
        body.set(name, msgspec.Raw(surrogates.encode(edit.parts[name])))
    return edit.dropped, edit.betas


def strip_cache_scope(edit: RequestEdit) -> None:
    """Leave `scope` out of cache breakpoints: it is refused as an extra input even with its beta (2026-08)."""
    for part in ("system", "messages", "tools"):
        for holder in _holders(edit.parts.get(part)):
            marker = holder.get("cache_control")
            if isinstance(marker, dict) and "scope" in marker:
                del marker["scope"]
                edit.drop("cache_control.scope", part)


def strip_eager_streaming(edit: RequestEdit) -> None:
    """Leave `eager_input_streaming` out of tools: some models refuse it as an extra input (2026-08)."""
    for tool in _objects(edit.parts.get("tools")):
        if "eager_input_streaming" in tool:
            del tool["eager_input_streaming"]
            edit.drop("tools.eager_input_streaming", "tools")


def leave_out_server_tools(edit: RequestEdit) -> None:
    """Leave out the tools that only Anthropic's servers run: Copilot refuses a request with one (2026-08)."""
    tools, choice = edit.parts.get("tools"), edit.parts.get("tool_choice")
    servers = [tool for tool in _objects(tools) if str(tool.get("type")).startswith(SERVER_TOOLS)]
    if not servers or not isinstance(tools, list):
        return
    forced = choice.get("name") if isinstance(choice, dict) and choice.get("type") == "tool" else None
    for tool in servers:
        if len(servers) == len(tools) or tool.get("name") == forced:
            message = f"Copilot does not run the tool {_tool_name(tool)!r}"
            raise Failure(Kind.INVALID, message, code="unsupported_value", param="tools")
        edit.drop(f"tools[{_tool_name(tool)}]", "tools")
    left_out = {id(server) for server in servers}
    edit.parts["tools"] = [tool for tool in tools if id(tool) not in left_out]


def _tool_name(tool: JSON) -> str:
    """How a server tool is named to the client: by its type where it has no name."""
    name = tool.get("name")
    return name if isinstance(name, str) and name else str(tool["type"])


def replay_searches(edit: RequestEdit) -> None:
    """Replay the searches of a history as calls of a function: Copilot knows no others (2026-08).

    Citations of what they found point to pages that only Anthropic could read, so they are left out and named.
    """
    for message in edit.messages:
        for block in _objects(message.get("content")):
            cited = block.get("citations")
            if isinstance(cited, list) and any(map(is_of_page, cited)):
                block["citations"] = [citation for citation in cited if not is_of_page(citation)] or None
                edit.drop("citations", "messages")
    messages = edit.parts.get("messages")
    if isinstance(messages, list) and any(has_search(message.get("content")) for message in edit.messages):
        edit.parts["messages"] = [part for message in messages for part in _split(message)]
        edit.changed.add("messages")


def _split(message: object) -> Iterable[object]:
    is_searched = (
        isinstance(message, dict) and message.get("role") == "assistant" and has_search(message.get("content"))
    )
    return split_searches(message) if is_searched and isinstance(message, dict) else (message,)


def leave_out_empty_texts(edit: RequestEdit) -> None:
    """Leave out empty text blocks, which some clients send and Anthropic refuses (2026-11)."""
    system = edit.parts.get("system")
    if isinstance(system, list) and any(map(_is_empty, system)):
        edit.parts["system"] = [block for block in system if not _is_empty(block)]
        edit.changed.add("system")
    for holder in (holder for message in edit.messages for holder in (message, *_objects(message.get("content")))):
        _leave_out(edit, holder, _is_empty)
    _leave_out_emptied(edit)


def restore_signatures(edit: RequestEdit) -> None:
    """Unwrap Claude's own signatures, and leave out thinking that others signed: Claude refuses it (2026-11)."""
    for message in edit.messages:
        for block in _objects(message.get("content")):
            _unwrap(edit, block)
        edit.dropped += [_lost_name(block) for block in _objects(message.get("content")) if _is_foreign(block)]
        _leave_out(edit, message, _is_foreign)
    _leave_out_emptied(edit)
    _stop_thinking_where_lost(edit)


def allow_system_messages(edit: RequestEdit) -> None:
    """Name the beta that allows system messages among the others, as Claude Code sends them (2026-11)."""
    for message in edit.messages:
        if message.get("role") == "developer":
            message["role"] = "system"
            edit.changed.add("messages")
        if message.get("role") == "system":
            edit.betas = [MID_SYSTEM]


FIXES: Mapping[str, Callable[[RequestEdit], None]] = {
    CACHE_SCOPE: strip_cache_scope,
    EAGER_STREAMING: strip_eager_streaming,
    SERVER_TOOL: leave_out_server_tools,
    SEARCHED: replay_searches,
    FOREIGN_SIGNATURE: restore_signatures,
    EMPTY_TEXT: leave_out_empty_texts,
    SYSTEM_MESSAGE: allow_system_messages,
}
"""The fixes in the order in which they are applied, by the sign that shows a need for each."""


# --- blocks ------------------------------------------------------------------------------------------------------


def _objects(value: object) -> list[JSON]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _holders(value: object) -> Iterator[JSON]:
    """All that may bear a cache breakpoint: tools, blocks, and the blocks inside blocks."""
    for item in _objects(value):
        yield item
        yield from _holders(item.get("content"))


def _leave_out(edit: RequestEdit, holder: JSON, unwanted: Callable[[object], bool]) -> None:
    """Leave out the unwanted blocks of this content."""
    content = holder.get("content")
    if isinstance(content, list) and any(map(unwanted, content)):
        holder["content"] = [block for block in content if not unwanted(block)]
        edit.changed.add("messages")


def _leave_out_emptied(edit: RequestEdit) -> None:
    """Leave out messages that have become empty, except the last: Anthropic refuses it in its own words."""
    messages = edit.parts.get("messages")
    if "messages" in edit.changed and isinstance(messages, list):
        *earlier, last = messages
        kept = (one for one in earlier if not (isinstance(one, dict) and one.get("content") == []))
        edit.parts["messages"] = [*kept, last]


def _is_empty(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and block.get("text") == ""


def _signature_of(block: object) -> str | None:
    """The signature of a thinking block, None for any other block."""
    match block:
        case {"type": "thinking", "signature": str(text)} | {"type": "redacted_thinking", "data": str(text)}:
            return text
        case _:
            return None


def _unwrap(edit: RequestEdit, block: JSON) -> None:
    text = _signature_of(block)
    if text is None or not signatures.is_wrapped(text):
        return
    signature = signatures.unwrap(text)
    if signature.value and signatures.belongs_to(signature, "messages", edit.capabilities.vendor):
        block[SIGNATURE_FIELD[block["type"]]] = signature.value
        edit.changed.add("messages")


def _is_foreign(block: object) -> bool:
    """Whether it is a thinking block whose signature is none of Claude's: empty, or still wrapped by us."""
    text = _signature_of(block)
    return text is not None and (not text or signatures.is_wrapped(text))


def _lost_name(block: JSON) -> str:
    """What is named as left out: the signature of a thinking block, or the block where it has none."""
    return SIGNATURE_FIELD[block["type"]] if _signature_of(block) else "thinking"


def _stop_thinking_where_lost(edit: RequestEdit) -> None:
    """Turn `enabled` thinking off where the last calls have lost their thinking blocks, which Anthropic requires.

    A model that has adaptive thinking gets that instead, which does not require them.
    """
    thinking = edit.parts.get("thinking")
    if "messages" not in edit.changed or not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return
    last = next((one for one in reversed(edit.messages) if one.get("role") == "assistant"), {})
    blocks = _objects(last.get("content"))
    if any(block.get("type") == "tool_use" for block in blocks) and _signature_of(blocks[0]) is None:
        adaptive = {"type": "adaptive"} | {name: thinking[name] for name in ("display",) if name in thinking}
        edit.parts["thinking"] = adaptive if edit.capabilities.adaptive else {"type": "disabled"}
        edit.drop("thinking.budget_tokens" if edit.capabilities.adaptive else "thinking", "thinking")


# --- JSON --------------------------------------------------------------------------------------------------------


def _digits(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


# --- thinking --------------------------------------------------------------------------------------------------------

CHOICE: Path = ("tool_choice", "type")

_ON = frozenset({"enabled", "adaptive"})
_FORCED = frozenset({"any", "tool"})
_SAMPLING = ("temperature", "top_p", "top_k")


def may_need_thinking_fix(body: RawObject, capabilities: Capabilities) -> bool:
    """Whether `fix_thinking` may have anything to do. This is all that most requests cost."""
    effort = text_at(body, MESSAGES_EFFORT) if "output_config" in body else None
    if effort is not None and capabilities.vendor and effort not in capabilities.efforts:
        return True
    kind = text_at(body, KIND) if "thinking" in body else None
    if kind not in _ON:
        return False
    return is_wrong(kind, capabilities) or text_at(body, CHOICE) in _FORCED or bool(_sampling_beside_thinking(body))


def fix_thinking(body: RawObject, capabilities: Capabilities) -> tuple[tuple[str, ...], list[str]]:
    """Put a wish to think into the form that the model takes, and leave out what does not go with it (2026-11).

    Returns the names of what is lost, and the betas that the request needs now. What means the same is not named.
    """
    dropped, betas = list[str](), list[str]()
    if is_wrong(text_at(body, KIND), capabilities):
        lost, betas = reform(body, capabilities)
        dropped += lost
    if text_at(body, CHOICE) in _FORCED and text_at(body, KIND) in _ON:
        body.drop("thinking")
        dropped.append("thinking")
    dropped += fit_effort(body, capabilities)
    if text_at(body, KIND) in _ON:
        for name in _sampling_beside_thinking(body):
            body.drop(name)
            dropped.append(name)
    return tuple(dropped), betas


def _sampling_beside_thinking(body: RawObject) -> list[str]:
    """The sampling fields that do not go with thinking."""
    if not any(name in body for name in _SAMPLING):
        return []
    return [*unsampled(*(_number(body.get(name)) for name in _SAMPLING))]


def _number(value: Any) -> Any:  # Any: the JSON edge
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
