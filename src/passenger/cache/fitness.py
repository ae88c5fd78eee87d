"""Which chats may be kept: requests that do nothing but ask, and answers that ended by themselves.

Not kept is what keeps state (`store`, conversations, the background, a compaction), what asks for several answers, and
whatever has a tool that runs elsewhere than at the client, such as a search of the web, whose answer changes by the
hour. Of answers, none that failed, was cut at a limit or by a filter, or that the model refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from passenger.chat.events import Event, Finish, PartStart, Reason, SearchCall
from passenger.chat.prompt import Prompt
from passenger.copilot.call import Call
from passenger.dialects import Outbound
from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure
from passenger.exchange import Exchange

_CLIENTS_OWN = frozenset({"function", "custom"})
"""Types of tools that the client runs; Anthropic's may have none."""


class _Tool(Struct):
    type: str = "function"


class _Asked(Struct):
    tools: list[_Tool] | None = None
    web_search_options: Raw | None = None
    mcp_servers: Raw | None = None
    background: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    conversation: Raw | None = None


_ASKED = msgspec.json.Decoder(_Asked)


def may_keep_answer(call: Call, exchange: Exchange) -> bool:
    """Whether the answer to a request may be kept, as far as the request goes."""
    ask = exchange.ask
    if ask is None or ask.web_search is not None or ask.compacts or ask.choices > 1 or exchange.search or exchange.echo:
        return False
    try:
        asked = _ASKED.decode(call.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    acts = (asked.web_search_options, asked.mcp_servers, asked.previous_response_id, asked.conversation)
    if asked.background or asked.store or any(one is not None for one in acts):
        return False
    return all(tool.type in _CLIENTS_OWN for tool in asked.tools or ())


# --- answers ---------------------------------------------------------------------------------------------------------


def has_ended_well(call: Call, body: bytes) -> bool:
    """Whether an answer is whole, and ended as the model meant it to."""
    outbound = next((one for one in OUTBOUND if one.path == call.path), None)
    if outbound is None:
        return False
    try:
        return _has_stream_ended_well(outbound, call, body) if call.stream else _ENDED_WELL[call.path](body)
    except (Failure, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _has_stream_ended_well(outbound: Outbound, call: Call, body: bytes) -> bool:
    reader = outbound.reader(Prompt(call.model, ()), call.capabilities)
    splitter, reason, is_over = SseSplitter(), None, False
    for raw in splitter.feed(body):
        if (message := read_sse(raw)) is None:
            continue
        is_over = is_over or _is_last(message)
        for event in reader.read(message) if reason is None else ():
            if _is_unfit(event):
                return False
            reason = event.reason if isinstance(event, Finish) else reason
    if reason is None:
        reason = next((event.reason for event in reader.end() if isinstance(event, Finish)), None)
    return is_over and reason in _WELL


_WELL = frozenset({Reason.END, Reason.STOP, Reason.TOOL})


def _is_unfit(event: Event) -> bool:
    return isinstance(event, SearchCall) or (isinstance(event, PartStart) and event.kind == "refusal")


def _is_last(message: StreamMessage) -> bool:
    return message.data == b"[DONE]" or message.event in {"message_stop", "response.completed"}


class _ChatMessage(Struct):
    refusal: str | None = None


class _Choice(Struct):
    finish_reason: str | None = None
    message: _ChatMessage | None = None


class _ChatAnswer(Struct):
    choices: list[_Choice]


class _MessageAnswer(Struct):
    stop_reason: str | None = None


class _Content(Struct):
    type: str = ""


class _Item(Struct):
    content: Any = None


class _ResponseAnswer(Struct):
    status: str | None = None
    output: list[_Item] = []


def _has_chat_ended_well(body: bytes) -> bool:
    choices = msgspec.json.decode(body, type=_ChatAnswer).choices
    return bool(choices) and all(
        one.finish_reason in {"stop", "tool_calls", "function_call"} and not (one.message and one.message.refusal)
        for one in choices
    )


def _has_message_ended_well(body: bytes) -> bool:
    reason = msgspec.json.decode(body, type=_MessageAnswer).stop_reason
    return reason in {"end_turn", "stop_sequence", "tool_use"}


def _has_response_ended_well(body: bytes) -> bool:
    answer = msgspec.json.decode(body, type=_ResponseAnswer)
    parts = [part for item in answer.output if isinstance(item.content, list) for part in item.content]
    refused = any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)
    return answer.status == "completed" and not refused


_ENDED_WELL: Mapping[str, Callable[[bytes], bool]] = {
    "/chat/completions": _has_chat_ended_well,
    "/v1/messages": _has_message_ended_well,
    "/responses": _has_response_ended_well,
}
