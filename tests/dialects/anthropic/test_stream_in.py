import json
from pathlib import Path
from typing import Any

import pytest

from passenger.chat.events import Answer, AnswerBuilder, AnswerPart, Reason, Start, Usage
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, Tool, ToolCall
from passenger.dialects.anthropic.stream_events import WireEvent
from passenger.dialects.anthropic.stream_in import PendingBlocks
from passenger.dialects.framing import write_sse
from passenger.errors import Failure, Kind
from tests.dialects.anthropic.samples import DATA, SAMPLES, cuts, events_of
from tests.folding import fold

USAGE = Usage(11, 4, nano_credits=15500000)


def told(name: str) -> Answer:
    return fold(events_of((DATA / f"{name}.sse").read_bytes()))


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join(write_sse(json.dumps(event).encode(), event.get("type", "")) for event in events)


START: dict[str, Any] = {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 3}}}
STOP: dict[str, Any] = {"type": "message_stop"}


def begun(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index: int, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def ended(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def parts(*events: dict[str, Any], prompt: Prompt | None = None) -> tuple[AnswerPart, ...]:
    whole = stream(START, *events, STOP)
    return fold(events_of(whole, prompt=prompt) if prompt else events_of(whole)).parts


# --- what was recorded -------------------------------------------------------------------------------------------

CALLS = (
    ToolCall("toolu_01A", "Read", '{"path": "a"}'),
    ToolCall("toolu_01B", "Read", '{"path": "b"}'),
    ToolCall("toolu_01C", "Now", "{}"),
)
SIGNED = Signature("messages/anthropic", "CAISexample")


@pytest.mark.parametrize(
    ("name", "expected", "reason"),
    [
        ("text", (Text("OK, es geht: é\u2028\U0001f600"),), Reason.END),
        ("cached", (Text("Still here."),), Reason.END),
        ("thinking", (Reasoning("Let me see.", SIGNED), Text("It is 42.")), Reason.END),
        ("sealed", (Reasoning("", Signature("messages/anthropic", "CAISwithheld")), Text("OK")), Reason.END),
        (
            "redacted",
            (Reasoning("", Signature("messages/anthropic", "EmwKexample", redacted=True)), Text("OK")),
            Reason.END,
        ),
        (
            "tools",
            (Reasoning("Two calls.", Signature("messages/anthropic", "CAIStools")), Text("Looking."), *CALLS),
            Reason.TOOL,
        ),
        ("bedrock", (Text("OK"),), Reason.END),
        ("refusal", (Refusal("This request is against the usage policy."),), Reason.REFUSAL),
        ("stop_sequence", (Text("one two "),), Reason.STOP),
        ("limit", (Text("and so"),), Reason.LENGTH),
        ("window", (Text("and so"),), Reason.LENGTH),
        ("server_tools", (Text("Searching."), Text("Found.")), Reason.END),
    ],
)
def test_a_recorded_stream_is_the_answer_it_was(name: str, expected: tuple[AnswerPart, ...], reason: Reason) -> None:
    answer = told(name)
    assert (answer.parts, answer.reason) == (expected, reason)


def test_usage_adds_what_the_cache_gave_and_took() -> None:
    assert told("text").usage == USAGE
    assert told("cached").usage == Usage(49220, 110, 48000, 0, 3435000000, 1200)
    assert told("thinking").usage == Usage(11, 30, reasoning=21, nano_credits=15500000)
    first = events_of((DATA / "cached.sse").read_bytes())[0]
    assert first == Start("claude-opus-5", Usage(49220, 2, 48000, 0, None, 1200))


def test_the_stop_sequence_that_was_met_is_told() -> None:
    assert told("stop_sequence").sequence == "three"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_where_the_network_cuts_makes_no_difference(path: Path, size: int) -> None:
    data = path.read_bytes()
    assert events_of(data, size) == events_of(data)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_stream_that_is_cut_is_a_failure_after_every_event(path: Path) -> None:
    for cut in cuts(path.read_bytes()):
        with pytest.raises(Failure) as caught:
            events_of(cut)
        assert caught.value.code == "stream_broken"


# --- what might come ---------------------------------------------------------------------------------------------


def test_blocks_that_interleave_are_told_one_after_the_other() -> None:
    interleaved = parts(
        begun(0, type="tool_use", id="a", name="f", input={}),
        begun(1, type="tool_use", id="b", name="g", input={}),
        begun(2, type="text", text=""),
        more(2, type="text_delta", text="x"),
        more(1, type="input_json_delta", partial_json='{"n":'),
        more(0, type="input_json_delta", partial_json='{"m":1}'),
        more(1, type="input_json_delta", partial_json="2}"),
        ended(1),
        ended(2),
        ended(0),
    )
    assert interleaved == (ToolCall("a", "f", '{"m":1}'), ToolCall("b", "g", '{"n":2}'), Text("x"))


def test_what_a_block_begins_with_is_part_of_it() -> None:
    whole = parts(
        begun(0, type="thinking", thinking="h", signature="S"),
        more(0, type="thinking_delta", thinking="m"),
        more(0, type="signature_delta", signature="T"),
        ended(0),
        begun(1, type="text", text="a"),
        more(1, type="text_delta", text="b"),
        ended(1),
        begun(2, type="tool_use", id="a", name="f", input={"n": 1}),
        ended(2),
    )
    assert whole == (Reasoning("hm", Signature("messages/anthropic", "ST")), Text("ab"), ToolCall("a", "f", '{"n":1}'))


def test_the_end_closes_what_upstream_has_left_open() -> None:
    assert parts(begun(0, type="text", text="a"), begun(1, type="text", text="b")) == (Text("a"), Text("b"))


def test_a_block_that_begins_twice_is_two() -> None:
    assert parts(begun(0, type="text", text="a"), begun(0, type="text", text="b"), ended(0)) == (Text("a"), Text("b"))


def test_a_stream_without_its_first_event_or_a_reason_is_still_an_answer() -> None:
    call = begun(0, type="tool_use", id="a", name="f", input={})
    assert fold(events_of(stream(call, ended(0), STOP))).reason is Reason.TOOL
    assert fold(events_of(stream(STOP))) == Answer("", (), Reason.END)
    unknown = {"type": "message_delta", "delta": {"stop_reason": "new"}}
    assert fold(events_of(stream(START, START, unknown, STOP, STOP))).reason is Reason.END


def test_tools_have_their_own_names_back() -> None:
    tools = (Tool("run", namespace="mcp", schema={}), Tool("patch", custom=True))
    called = parts(
        begun(0, type="tool_use", id="a", name="mcp__run", input={}),
        ended(0),
        begun(1, type="tool_use", id="b", name="patch", input={}),
        more(1, type="input_json_delta", partial_json='{"input":"*** Beg'),
        more(1, type="input_json_delta", partial_json='in"}'),
        ended(1),
        prompt=Prompt("m", (), tools=tools),
    )
    assert called == (ToolCall("a", "run", "{}", "mcp"), ToolCall("b", "patch", "*** Begin", custom=True))


@pytest.mark.parametrize(
    ("pieces", "text"),
    [(['{"input":"a"'], '{"input":"a"'), (['{"other":1}'], '{"other":1}'), ([], ""), (["[1]"], "[1]")],
)
def test_a_custom_tool_that_is_called_oddly_gets_all_there_is(pieces: list[str], text: str) -> None:
    events = [more(0, type="input_json_delta", partial_json=piece) for piece in pieces]
    start = begun(0, type="tool_use", id="a", name="patch", input={})
    prompt = Prompt("m", (), tools=(Tool("patch", custom=True),))
    assert parts(start, *events, ended(0), prompt=prompt) == (ToolCall("a", "patch", text, custom=True),)


def test_a_lone_surrogate_becomes_a_replacement() -> None:
    assert parts(begun(0, type="text", text="a\ud800"), ended(0)) == (Text("a\ufffd"),)


# --- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, Kind.UNAVAILABLE, 529),
        ({"type": "rate_limit_error", "message": "slow"}, Kind.RATE_LIMIT, 429),
        ({"type": "invalid_request_error", "message": "no"}, Kind.INVALID, 400),
        ({"type": "api_error", "message": "oops"}, Kind.UPSTREAM, 502),
        ({"type": "new_error"}, Kind.UPSTREAM, 502),
        ({"message": "capi", "code": "rate_limited"}, Kind.UPSTREAM, 502),
    ],
)
def test_an_error_event_is_a_failure_of_its_kind(error: dict[str, Any], kind: Kind, status: int) -> None:
    with pytest.raises(Failure) as caught:
        events_of(stream(START, {"type": "error", "error": error, "request_id": "req_1"}))
    assert (caught.value.kind, caught.value.status) == (kind, status)
    assert caught.value.message == error.get("message", "Copilot's stream failed")


@pytest.mark.parametrize(
    "data", [b"nonsense", b"[]", b'{"type":5}', b'{"type":"content_block_delta","index":0,"delta":{"text":5}}', b"\xff"]
)
def test_an_event_that_is_not_to_be_understood_is_a_failure(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        events_of(stream(START) + write_sse(data))
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_event")


def test_a_piece_of_no_block_is_a_failure_rather_than_lost() -> None:
    with pytest.raises(Failure, match="piece of no block"):
        events_of(stream(START, more(0, type="text_delta", text="x"), STOP))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_events_of_every_prefix_obey_the_grammar(path: Path) -> None:
    builder = AnswerBuilder()
    for event in events_of(path.read_bytes()):
        builder.add(event)
    assert builder.answer is not None


# --- blocks that wait ------------------------------------------------------------------------------------------------


PENDING_START, DELTA, PENDING_STOP = "content_block_start", "content_block_delta", "content_block_stop"


def put(later: PendingBlocks, *events: tuple[str, int]) -> list[WireEvent]:
    made = [WireEvent(kind, index) for kind, index in events]
    for event in made:
        later.put(event)
    return made


def test_the_events_of_each_block_come_together_in_the_order_of_the_blocks() -> None:
    later = PendingBlocks()
    a, b, c, d, e = put(later, (PENDING_START, 2), (PENDING_START, 1), (DELTA, 2), (DELTA, 1), (PENDING_STOP, 2))
    assert [later.take(), later.take(), later.take()] == [[a, c, e], [b, d], []]


def test_an_index_that_is_used_again_is_another_block() -> None:
    later = PendingBlocks()
    a, b, c, d, e = put(
        later, (PENDING_START, 1), (PENDING_STOP, 1), (PENDING_START, 2), (PENDING_START, 1), (DELTA, 1)
    )
    assert [later.take(), later.take(), later.take()] == [[a, b], [c], [d, e]]


def test_a_block_that_was_taken_grows_no_more() -> None:
    later = PendingBlocks()
    first = put(later, (PENDING_START, 1))
    assert later.take() == first
    more = put(later, (DELTA, 1))
    assert later.take() == more


@pytest.mark.proves("promise 8", "F41")
def test_many_blocks_may_wait_but_not_any_number() -> None:
    with pytest.raises(Failure, match="more than 10000 parts"):
        put(PendingBlocks(), *((PENDING_START, index) for index in range(10_001)))
