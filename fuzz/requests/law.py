"""What must hold of every request: it is refused, or goes up so that Copilot takes it, and nothing is lost unnamed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from fuzz.requests import Told
from fuzz.requests.plan import File, Plan, System
from fuzz.requests.sending import Sent, catalogue, inbound, send
from passenger.copilot.protocol import call_headers
from passenger.errors import Failure
from passenger.simulator.account import Account
from passenger.simulator.caching import PromptCache
from passenger.simulator.copilot import SURFACES
from passenger.simulator.faults import Fault
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import RefusedError
from passenger.simulator.surface import Asked

JSON = dict[str, Any]

_HELD: dict[str, dict[str, tuple[str, ...]]] = {
    "/chat/completions": {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "seed": ("seed",),
        "limit": ("max_tokens", "max_completion_tokens"),
        "presence_penalty": ("presence_penalty",),
        "frequency_penalty": ("frequency_penalty",),
        "parallel": ("parallel_tool_calls",),
        "verbosity": ("verbosity",),
        "stop": ("stop",),
        "user": ("user",),
        "schema": ("response_format",),
    },
    "/v1/messages": {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "top_k": ("top_k",),
        "limit": ("max_tokens",),
        "stop": ("stop_sequences",),
        "user": ("metadata",),
        "schema": ("output_config",),
    },
    "/responses": {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "limit": ("max_output_tokens",),
        "parallel": ("parallel_tool_calls",),
        "verbosity": ("text",),
        "cache_key": ("prompt_cache_key",),
        "user": ("user",),
        "schema": ("text",),
    },
}
"""Where each API has what tunes an answer."""

_ELSEWHERE = {("/responses", "stop"), ("/v1/messages", "parallel")}
"""What is seen to elsewhere: the reader of an answer stops it, and a choice has tools called one at a time."""

_SAMPLING = {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
KNOWN_TO = {
    "completions": {*_HELD["/chat/completions"], "top_k", "cache_key"},
    "messages": {"temperature", "top_p", "top_k", "limit", "stop", "user"},
    "responses": {"temperature", "top_p", "limit", "parallel", "verbosity", "cache_key", "user", "schema"},
    "gemini": _SAMPLING | {"limit", "stop", "schema"},
    "ollama": _SAMPLING | {"limit", "stop", "schema"},
}
"""What each client's dialect can say of it."""


def must_arrive(told: Told, model: str, *, ascii_only: bool = True) -> Sent | Failure:
    """Send a request, and look at what became of it; only files are more than some models can take."""
    sent = send(told.dialect, told.body, model, ascii_only=ascii_only)
    if isinstance(sent, Failure):
        spoken = inbound(told.dialect)
        assert 400 <= sent.status < 500, sent
        assert any(isinstance(part, File) for part in told.plan.shown()), sent
        json.loads(spoken.write_failure(sent))
        return sent
    if not sent.relayed:
        must_be_taken(sent)
        _must_name_what_is_left_out(told, sent)
    _must_hold_all(told.plan, sent)
    return sent


def must_be_taken(sent: Sent) -> None:
    """Let the simulator judge what goes up as Copilot would."""
    call = sent.call
    request = Recorded(call.operation.method, call.path, list(call_headers(call).items()), call.body)
    account = Account(lambda: 1e9)
    asked = Asked(request, Fault(), [], account, catalogue(), PromptCache(), int(1e9), 0)
    try:
        SURFACES[call.path].reply_to(asked)
    except RefusedError as error:
        raise AssertionError(f"Copilot refuses it: {error.refusal}") from error


# --- what must not be lost ---------------------------------------------------------------------------------------


def _must_hold_all(plan: Plan, sent: Sent) -> None:
    text = json.dumps(sent.body, ensure_ascii=False)
    for mark in _marks(plan):
        assert mark in text, f"{mark} is lost"
    for part in plan.shown():
        assert part.data in text or part.mark in text, f"{part} is lost"
    places = [text.index(words.mark) for words in plan.said()]
    assert places == sorted(places), "what was said is out of order"
    _must_pair(plan, sent)
    lost = [thought.words.mark for thought in plan.thoughts() if thought.words.mark not in text]
    named = _names(sent, "messages.reasoning") | _names(sent, "signature")
    assert not lost or named & {*sent.dropped}, f"{lost} are lost"


def _marks(plan: Plan) -> Iterator[str]:
    yield from (words.mark for words in plan.said())
    yield from (turn.words.mark for turn in plan.turns if isinstance(turn, System))
    yield from (tool.mark for tool in plan.tools if plan.choice is None)
    for result in plan.results():
        yield result.call.mark
        yield from (part.mark for part in result.content[:1])


def _must_pair(plan: Plan, sent: Sent) -> None:
    """Each result answers the call that it was the result of."""
    calls, results = _PAIRS[sent.call.path](sent.body)
    for result in plan.results():
        called = [call_id for call_id, text in calls if result.call.mark in text]
        assert len(called) == 1, called
        told = [text for call_id, text in results if call_id == called[0]]
        assert len(told) == 1, told
        assert result.content[0].mark in told[0], "a result answers another's call"


Pairs = tuple[list[tuple[str, str]], list[tuple[str, str]]]


def _chat_pairs(body: JSON) -> Pairs:
    messages = body["messages"]
    calls = [(call["id"], json.dumps(call)) for message in messages for call in message.get("tool_calls") or ()]
    return calls, [(one["tool_call_id"], json.dumps(one)) for one in messages if one["role"] == "tool"]


def _message_pairs(body: JSON) -> Pairs:
    blocks = [block for one in body["messages"] if isinstance(one["content"], list) for block in one["content"]]
    calls = [(block["id"], json.dumps(block)) for block in blocks if block["type"] == "tool_use"]
    return calls, [(block["tool_use_id"], json.dumps(block)) for block in blocks if block["type"] == "tool_result"]


def _item_pairs(body: JSON) -> Pairs:
    items: list[tuple[str, JSON]] = [(item.get("type", ""), item) for item in body["input"]]
    calls = [(item["call_id"], json.dumps(item)) for kind, item in items if kind == "function_call"]
    return calls, [(item["call_id"], json.dumps(item)) for kind, item in items if kind == "function_call_output"]


_PAIRS: dict[str, Callable[[JSON], Pairs]] = {
    "/chat/completions": _chat_pairs,
    "/v1/messages": _message_pairs,
    "/responses": _item_pairs,
}


# --- what must be named ------------------------------------------------------------------------------------------


def _must_name_what_is_left_out(told: Told, sent: Sent) -> None:
    for name in told.plan.unknown:
        assert any(name in dropped for dropped in sent.dropped), f"{name} is lost"
    path, body, tuning = sent.call.path, sent.body, told.plan.tuning
    said = KNOWN_TO[told.dialect] & tuning.keys()
    for name in sorted(said):
        held = any(key in body for key in _HELD[path].get(name, ())) or (path, name) in _ELSEWHERE
        assert held or not _says_anything(told, name, path) or _names(sent, name) & _named(sent), f"{name} is lost"


def _named(sent: Sent) -> set[str]:
    """What is said to be left out, or to be asked for in words only."""
    return {name.partition(" (")[0] for name in sent.dropped}


def _says_anything(told: Told, name: str, path: str) -> bool:
    """Whether it changes an answer at all. A temperature of 1 is Anthropic's own."""
    if name == "temperature" and path == "/v1/messages":
        return bool(told.plan.tuning[name] != 1)
    return name != "parallel" or bool(told.plan.tools)


def _names(sent: Sent, name: str) -> set[str]:
    """What a field of the hub, or a part of it, may be called among what was left out."""
    spoken = [one.fields for one in map(inbound, KNOWN_TO)]
    parts = (own for fields in spoken for hub, own in fields.items() if hub.partition(".")[0] == name)
    return {name, *(fields.get(name, name) for fields in spoken), *parts}
