"""Fix-ups that Copilot's Messages wire needs, one function each: the reason, the date it was last seen, and a test.

Each can be deleted the day its reason is gone. A request is changed only where `Ask.shows` says that one may apply.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from passenger import seals
from passenger.body import Body
from passenger.chat import Abilities, Ask, Stamp, Usage
from passenger.copilot.quirks.betas import ACCEPTED, MID_SYSTEM, leave_out_betas
from passenger.copilot.quirks.cache_marks import mark_messages
from passenger.copilot.quirks.output_format import move_output_format
from passenger.copilot.quirks.thinking import needs_settling, settle
from passenger.decoding import dumps
from passenger.dialects.messages import StreamRelay, usage_of
from passenger.dialects.messages.look import (
    BREAKPOINT,
    CACHE_SCOPE,
    EAGER_STREAMING,
    EMPTY_TEXT,
    SEALED_BY,
    SERVER_TOOL,
    SERVER_TOOLS,
    STRANGE_SEAL,
    SYSTEM_MESSAGE,
)
from passenger.errors import Failure, Kind

JSON = dict[str, Any]

DEFAULT_LIMIT = 4096


@dataclass(slots=True)
class Edit:
    """A request while it is changed: its parts decoded, and what has become of them."""

    parts: JSON
    able: Abilities
    changed: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    betas: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[JSON]:
        """The messages that are objects, as nearly all are."""
        return _objects(self.parts.get("messages"))

    def drop(self, name: str, part: str) -> None:
        """Note what was left out of which part."""
        self.dropped.append(name)
        self.changed.add(part)


# --- requests ----------------------------------------------------------------------------------------------------


def prepare(body: Body, ask: Ask, able: Abilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Edit a request that goes up; give back headers of its own and the names of what was left out.

    Raises:
        Failure: nothing but a tool that Copilot does not run would serve the request.
    """
    betas = [beta for beta in ask.betas if beta in ACCEPTED]
    fill_in_limit(body, able)
    dropped = [*leave_out_fields(body)]
    if "output_format" in body:
        move_output_format(body)
    lost = leave_out_betas(body, [beta for beta in ask.betas if beta not in ACCEPTED])
    if due := [fix for sign, fix in FIXES.items() if ask.shows is None or sign in ask.shows]:
        edit = _decoded(body.raw, able)
        for fix in due:
            fix(edit)
        for name in sorted(edit.changed):
            _store(body, name, edit.parts)
        dropped += edit.dropped
        betas += [beta for beta in edit.betas if beta not in betas]
    if needs_settling(body, able):
        unlike, needed = settle(body, able)
        dropped += unlike
        betas += [beta for beta in needed if beta not in betas]
    if ask.shows is not None and BREAKPOINT not in ask.shows:  # Anthropic takes four, and the client has set its own
        mark_messages(body, ask, able)
    headers = {"anthropic-beta": ",".join(betas)} if betas else {}
    return headers, tuple(dict.fromkeys((*dropped, *lost)))


def fill_in_limit(body: Body, able: Abilities) -> None:
    """Say how long the answer may be where the client does not: Anthropic demands it (2026-11)."""
    if "max_tokens" not in body:
        body.set("max_tokens", able.max_output or DEFAULT_LIMIT)


EXTRA_FIELDS = ("cache_control", "inference_geo", "speed")


def leave_out_fields(body: Body) -> Iterator[str]:
    """Leave out top-level fields that are "extra inputs" to some models: all of them only tune (2026-08)."""
    for name in EXTRA_FIELDS:
        if name in body:
            body.drop(name)
            yield name


def strip_cache_scope(edit: Edit) -> None:
    """Take `scope` out of cache breakpoints, an extra input even with its beta (2026-08)."""
    for part in ("system", "messages", "tools"):
        for holder in _holders(edit.parts.get(part)):
            marker = holder.get("cache_control")
            if isinstance(marker, dict) and "scope" in marker:
                del marker["scope"]
                edit.drop("cache_control.scope", part)


def strip_eager_streaming(edit: Edit) -> None:
    """Take `eager_input_streaming` out of tools, an extra input to some models (2026-08)."""
    for tool in _objects(edit.parts.get("tools")):
        if "eager_input_streaming" in tool:
            del tool["eager_input_streaming"]
            edit.drop("tools.eager_input_streaming", "tools")


def leave_out_server_tools(edit: Edit) -> None:
    """Leave out the tools that only Anthropic's servers run: Copilot refuses the whole request for one (2026-08)."""
    tools, choice = edit.parts.get("tools"), edit.parts.get("tool_choice")
    servers = [tool for tool in _objects(tools) if str(tool.get("type")).startswith(SERVER_TOOLS)]
    if not servers or not isinstance(tools, list):
        return
    forced = choice.get("name") if isinstance(choice, dict) and choice.get("type") == "tool" else None
    for tool in servers:
        if len(servers) == len(tools) or tool.get("name") == forced:
            message = f"Copilot does not run the tool {tool.get('name') or tool['type']!r}"
            raise Failure(Kind.INVALID, message, code="unsupported_value", param="tools")
        edit.drop(f"tools[{tool.get('name') or tool['type']}]", "tools")
    left_out = {id(server) for server in servers}
    edit.parts["tools"] = [tool for tool in tools if id(tool) not in left_out]


def leave_out_empty_texts(edit: Edit) -> None:
    """Leave out text blocks without text, which Anthropic refuses and some clients send (2026-11)."""
    system = edit.parts.get("system")
    if isinstance(system, list) and any(map(_is_empty, system)):
        edit.parts["system"] = [block for block in system if not _is_empty(block)]
        edit.changed.add("system")
    for holder in (holder for message in edit.messages for holder in (message, *_objects(message.get("content")))):
        _keep(edit, holder, lambda block: not _is_empty(block))
    _leave_out_emptied(edit)


def restore_seals(edit: Edit) -> None:
    """Give Claude its own seals back, and leave out thoughts sealed by others, which it would refuse (2026-11)."""
    for message in edit.messages:
        for block in _objects(message.get("content")):
            _unwrap(edit, block)
        edit.dropped += [_lost(block) for block in _objects(message.get("content")) if _is_foreign(block)]
        _keep(edit, message, lambda block: not _is_foreign(block))
    _leave_out_emptied(edit)
    _stop_thinking_without_thoughts(edit)


def allow_system_messages(edit: Edit) -> None:
    """Name the beta that lets the system speak among the messages, as Claude Code has it do (2026-11)."""
    for message in edit.messages:
        if message.get("role") == "developer":
            message["role"] = "system"
            edit.changed.add("messages")
        if message.get("role") == "system":
            edit.betas = [MID_SYSTEM]


FIXES: Mapping[str, Callable[[Edit], None]] = {
    CACHE_SCOPE: strip_cache_scope,
    EAGER_STREAMING: strip_eager_streaming,
    SERVER_TOOL: leave_out_server_tools,
    STRANGE_SEAL: restore_seals,
    EMPTY_TEXT: leave_out_empty_texts,
    SYSTEM_MESSAGE: allow_system_messages,
}
"""The fixes of a request's parts in the order they are applied, by what a request shows that needs one."""


# --- answers -----------------------------------------------------------------------------------------------------


def relay(ask: Ask, stamp: Stamp) -> StreamRelay:
    """What passes a stream on."""
    del ask, stamp  # every stream is passed on alike
    return StreamRelay()


def complete(data: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
    """A whole answer, which lacks nothing, and what it used.

    Raises:
        msgspec.MsgspecError: it is not JSON, or not of an answer's shape.
    """
    del model, stamp  # Copilot's answers say their own
    return data, usage_of(data)


# --- blocks ------------------------------------------------------------------------------------------------------


def _objects(value: object) -> list[JSON]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _holders(value: object) -> Iterator[JSON]:
    """All that may bear a cache breakpoint: tools, blocks, and the blocks inside blocks."""
    for item in _objects(value):
        yield item
        yield from _holders(item.get("content"))


def _keep(edit: Edit, holder: JSON, wanted: Callable[[object], bool]) -> bool:
    """Whether blocks of this content were left out, those that are not wanted."""
    content = holder.get("content")
    if not isinstance(content, list) or all(map(wanted, content)):
        return False
    holder["content"] = [block for block in content if wanted(block)]
    edit.changed.add("messages")
    return True


def _leave_out_emptied(edit: Edit) -> None:
    """Leave out messages that have become empty, but not the last: what it means is for Anthropic to say."""
    messages = edit.parts.get("messages")
    if "messages" in edit.changed and isinstance(messages, list):
        *earlier, last = messages
        edit.parts["messages"] = [*(one for one in earlier if not _is_emptied(one)), last]


def _is_emptied(message: object) -> bool:
    return isinstance(message, dict) and message.get("content") == []


def _is_empty(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and block.get("text") == ""


def _seal_of(block: object) -> str | None:
    """The seal of a thought, None for any other block."""
    match block:
        case {"type": "thinking", "signature": str(seal)} | {"type": "redacted_thinking", "data": str(seal)}:
            return seal
        case _:
            return None


def _unwrap(edit: Edit, block: JSON) -> None:
    text = _seal_of(block)
    if text is None or not seals.is_wrapped(text):
        return
    seal = seals.unwrap(text)
    if seal.value and seals.opens_for(seal, "messages", edit.able.vendor):
        block[SEALED_BY[block["type"]]] = seal.value
        edit.changed.add("messages")


def _is_foreign(block: object) -> bool:
    return _is_no_seal(_seal_of(block))


def _lost(block: JSON) -> str:
    """What a thought is left out for: its seal, where it has one."""
    return SEALED_BY[block["type"]] if _seal_of(block) else "thinking"


def _is_no_seal(text: str | None) -> bool:
    """Whether it is not what any vendor made: nothing at all, or something wrapped by us."""
    return text is not None and (not text or seals.is_wrapped(text))


def _stop_thinking_without_thoughts(edit: Edit) -> None:
    """Turn `enabled` thinking off where the last calls have lost their thoughts: Anthropic demands them.

    A model that adapts does without them, and thinks on.
    """
    thinking = edit.parts.get("thinking")
    if "messages" not in edit.changed or not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return
    last = next((one for one in reversed(edit.messages) if one.get("role") == "assistant"), {})
    blocks = _objects(last.get("content"))
    if any(block.get("type") == "tool_use" for block in blocks) and _seal_of(blocks[0]) is None:
        adaptive = {"type": "adaptive"} | {name: thinking[name] for name in ("display",) if name in thinking}
        edit.parts["thinking"] = adaptive if edit.able.adaptive else {"type": "disabled"}
        edit.drop("thinking.budget_tokens" if edit.able.adaptive else "thinking", "thinking")


# --- JSON --------------------------------------------------------------------------------------------------------


def _decoded(raw: bytes, able: Abilities) -> Edit:
    """The parts of a body; every number keeps the digits it came with."""
    parts = json.loads(raw, parse_int=_digits, parse_float=_digits)
    return Edit(parts, able)


def _digits(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def _store(body: Body, name: str, parts: JSON) -> None:
    body.set(name, msgspec.Raw(dumps(parts[name])))
