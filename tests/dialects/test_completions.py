import json

import msgspec
import pytest

from passenger.chat import Ask, Initiator, Usage
from passenger.dialects import Request, completions
from passenger.errors import Failure, Kind
from passenger.framing import write_sse


def ask(**fields: object) -> Ask:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **fields}
    return completions.peek(Request(json.dumps(body).encode()))


def said(*messages: dict[str, object]) -> Initiator:
    return ask(messages=list(messages)).initiator


USER = {"role": "user", "content": "go"}
ASSISTANT: dict[str, object] = {"role": "assistant", "content": None, "tool_calls": []}
TOOL = {"role": "tool", "tool_call_id": "a", "content": "42"}
REMINDER = {
    "role": "user",
    "content": "<system-reminder>be brief</system-reminder>\n<system-reminder>x</system-reminder>",
}
REMINDER_PARTS = {"role": "user", "content": [{"type": "text", "text": "<system-reminder>\nx\n</system-reminder>"}]}
REMINDER_AND_WORDS = {"role": "user", "content": "<system-reminder>x</system-reminder> and now go on"}


@pytest.mark.parametrize(
    ("messages", "initiator"),
    [
        ([USER], Initiator.USER),
        ([{"role": "system", "content": "s"}, USER], Initiator.USER),
        ([USER, ASSISTANT, USER], Initiator.USER),
        ([USER, ASSISTANT, TOOL], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, TOOL], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER, REMINDER_PARTS], Initiator.AGENT),
        ([USER, ASSISTANT, TOOL, REMINDER_AND_WORDS], Initiator.USER),
        ([USER, ASSISTANT, TOOL, USER], Initiator.USER),
        ([USER, ASSISTANT, TOOL, ASSISTANT, REMINDER], Initiator.USER),
        ([REMINDER], Initiator.USER),
        ([USER, ASSISTANT], Initiator.AGENT),
        ([{"role": "system", "content": "s"}], Initiator.AGENT),
        ([USER, {"role": "function", "name": "f", "content": "42"}], Initiator.AGENT),
    ],
)
def test_the_initiator_is_a_person_only_where_the_last_message_is_ones_own_words(
    messages: list[dict[str, object]], initiator: Initiator
) -> None:
    assert said(*messages) is initiator


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize("role", ["user", "tool", "assistant"])
def test_an_image_anywhere_is_vision(role: str) -> None:
    first = {"role": role, "content": [{"type": "text", "text": "see"}, IMAGE]}
    assert ask(messages=[first, ASSISTANT, USER]).vision
    assert not ask(messages=[USER]).vision


def test_the_facts_that_headers_need_are_read() -> None:
    assert ask(tools=[{"type": "function"}]).tools
    assert not ask(tools=[]).tools
    assert ask(reasoning_effort="low").thinks
    assert ask(stream=True).stream
    assert not ask().stream
    assert ask(stream_options={"include_usage": True}).wants_usage
    assert not ask(stream_options={"include_usage": False}).wants_usage
    assert not ask(stream_options=None).wants_usage


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b"", None, "not valid JSON"),
        (b"{", None, "not valid JSON"),
        (b"nonsense", None, "not valid JSON"),
        (b'{"model":"a","messages":[{"role":"user"}],"x":NaN}', None, "not valid JSON"),
        (b'{"model":"\xff","messages":[]}', None, "not valid JSON"),
        (b"[]", None, "object"),
        (b'{"messages":[{"role":"user","content":"x"}]}', "model", "model"),
        (b'{"model":"a"}', "messages", "messages"),
        (b'{"model":1,"messages":[]}', "model", "str"),
        (b'{"model":"","messages":[{"role":"user"}]}', "model", "empty"),
        (b'{"model":"a","messages":[]}', "messages", "empty"),
        (b'{"model":"a","messages":"hi"}', "messages", "array"),
        (b'{"model":"a","messages":[{"content":"x"}]}', "messages[0]", "role"),
        (b'{"model":"a","messages":[{"role":"user","content":5}]}', "messages[0].content", "int"),
        (b'{"model":"a","messages":[{"role":"user"}],"stream":"yes"}', "stream", "bool"),
        (b'{"model":"a","messages":[{"role":"user"}],"tools":{}}', "tools", "array"),
        (b'{"model":"a","messages":' + b"[" * 100_000, "messages[0]", "array"),
        (b'{"model":"a","messages":[],"x":' + b'{"a":' * 100_000, None, "deep"),
    ],
)
def test_a_bad_request_is_refused_by_the_name_of_its_field(body: bytes, param: str | None, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        completions.peek(Request(body))
    assert caught.value.status == 400
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        rb'{"model":"a","messages":[{"role":"user","content":"\ud800 alone"}]}',
        b'{"model":"a","messages":[{"role":"user","content":"x"}],"n":123456789012345678901234567890}',
        b'{"model":"a","messages":[{"role":"user","content":[{"type":"text","text":"x","cache":1}]}],"new_field":{}}',
        b'{"model":"a","messages":[{"role":"assistant","content":null},{"role":"user"}]}',
    ],
)
def test_what_json_allows_is_not_refused(body: bytes) -> None:
    assert completions.peek(Request(body)).model == "a"


def test_a_failure_is_written_in_openais_envelope() -> None:
    failure = Failure(Kind.RATE_LIMIT, "slow down", code="rate_limited", param=None)
    assert json.loads(completions.write_failure(failure)) == {
        "error": {"message": "slow down", "type": "rate_limit_error", "param": None, "code": "rate_limited"}
    }


def test_a_break_is_one_event_whatever_the_message_holds() -> None:
    hostile = 'x\n\nevent: message_stop\ndata: {}\n\n\u2028"'
    raw = completions.write_break(Failure(Kind.UPSTREAM, hostile))
    assert raw.count(b"\n\n") == 1
    assert raw.startswith(b"data: {")
    assert json.loads(raw[6:])["error"]["message"] == hostile


# --- relaying a stream -------------------------------------------------------------------------------------------


def event(**fields: object) -> bytes:
    return write_sse(json.dumps(fields).encode())


def delta(text: str, index: int = 0) -> bytes:
    return event(choices=[{"index": index, "delta": {"content": text}}])


def finish(index: int = 0) -> bytes:
    return event(choices=[{"index": index, "delta": {}, "finish_reason": "stop"}])


DONE = b"data: [DONE]\n\n"


def relayed(*events: bytes, tail: bytes = b"") -> bytes:
    relay = completions.StreamRelay()
    return b"".join(relay.event(raw) for raw in events) + relay.end(tail)


def test_a_complete_stream_goes_down_as_it_came() -> None:
    events = [b": hello\n\n", event(choices=[]), delta("a"), finish(), DONE]
    assert relayed(*events) == b"".join(events)


def test_a_forgotten_done_is_added() -> None:
    assert relayed(delta("a"), finish()) == delta("a") + finish() + DONE


def test_a_done_that_lacks_its_blank_line_is_completed() -> None:
    assert relayed(finish(), tail=b"data: [DONE]") == finish() + DONE


@pytest.mark.parametrize(
    "events",
    [[], [delta("a")], [delta("a"), delta("b", 1), finish(0)], [event(choices=[])], [b": only a comment\n\n"]],
)
def test_an_end_without_a_finish_reason_for_each_choice_is_a_break(events: list[bytes]) -> None:
    with pytest.raises(Failure, match="before the answer was complete"):
        relayed(*events)
    with pytest.raises(Failure, match="before the answer was complete"):
        relayed(*events, DONE)


def test_an_event_that_was_cut_off_is_not_passed_on() -> None:
    with pytest.raises(Failure):
        relayed(delta("a"), tail=b'data: {"choices":[{"index":0,"finish_reason":"st')


def test_an_error_that_upstream_tells_of_goes_down_and_no_done_follows() -> None:
    error = event(error={"message": "boom", "code": 429, "status": "Too Many Requests"})
    relay = completions.StreamRelay()
    assert relay.event(error) == error
    assert relay.event(DONE) == b""
    assert relay.end(b"") == b""
    assert relay.failure is not None
    assert (relay.failure.status, relay.failure.message) == (429, "boom")


@pytest.mark.parametrize("raw", [b"data: not json\n\n", b'data: {"choices":7}\n\n', b"data: []\n\n", b"data: \xff\n\n"])
def test_what_the_tap_does_not_understand_cannot_break_the_stream(raw: bytes) -> None:
    assert relayed(raw, finish(), DONE) == raw + finish() + DONE


def test_usage_is_read_wherever_it_comes() -> None:
    relay = completions.StreamRelay()
    relay.event(event(choices=[{"index": 0, "finish_reason": "stop"}], copilot_usage={"total_nano_aiu": 155}))
    relay.event(
        event(
            choices=[],
            usage={
                "prompt_tokens": 31,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 7},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        )
    )
    assert relay.usage == Usage(input=31, output=2, cached=7, reasoning=1, nano_credits=155)


def test_geminis_reasoning_tokens_are_read_from_where_it_puts_them() -> None:
    chunk = completions.read_chunk(b'{"usage":{"prompt_tokens":1,"completion_tokens":2,"reasoning_tokens":60}}')
    assert chunk is not None
    assert completions.read_usage(chunk) == Usage(input=1, output=2, reasoning=60)


def test_a_chunk_knows_only_what_relaying_needs() -> None:
    fields = {field.name for field in msgspec.structs.fields(completions.Chunk)}
    assert fields == {"object", "choices", "usage", "copilot_usage", "error"}
