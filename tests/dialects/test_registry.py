"""What holds for every dialect that there is, and for every pair of them; a new one is taken up by itself."""

import json
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, AnswerIdentity, Event, Reason, SearchCall, SearchDone, Usage, unfold
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, ToolCall
from passenger.chat.web_search import SearchResult
from passenger.dialects import Inbound, Outbound, Request
from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.errors import Failure, Kind
from tests.dialects import toy
from tests.folding import fold

DATA = Path(__file__).parent.parent / "data"
SAMPLES = sorted(DATA.glob("*/*.sse"))
STAMP = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000)
PROMPT = Prompt("some-model", ())
REQUEST = Request(b"{}", {"model": "some-model", "action": "streamGenerateContent"}, {}, {"alt": "sse"})
ABLE = {
    "completions": Capabilities("google"),
    "messages": Capabilities("anthropic"),
    "responses": Capabilities("openai"),
}
NAMES = {dialect.name: dialect for dialect in OUTBOUND}

inbounds = pytest.mark.parametrize("inbound", [*INBOUND, toy.INBOUND], ids=lambda dialect: dialect.name)
samples = pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def outbound_of(sample: Path) -> Outbound:
    return NAMES[sample.parent.name]


def read(outbound: Outbound, pieces: Iterator[bytes] | list[bytes]) -> Iterator[Event]:
    """The events of a stream that comes in these pieces."""
    reader, splitter = outbound.reader(PROMPT, ABLE[outbound.name]), SseSplitter()
    for piece in pieces:
        for raw in splitter.feed(piece):
            message = read_sse(raw)
            if message is not None:
                yield from reader.read(message)
    yield from reader.end()


def written(inbound: Inbound, events: list[Event]) -> list[StreamMessage]:
    writer = inbound.writer(PROMPT, STAMP)
    return [message for event in events for message in writer.send(event)]


def ends_well(inbound: Inbound, messages: list[StreamMessage]) -> bool:
    """Whether the last message is one that only a whole answer ends with."""
    last = b"".join(message.data for message in messages[-3:])
    marks = (b"[DONE]", b"message_stop", b"response.completed", b"response.incomplete", b"finishReason", b'"done":true')
    return any(mark in last for mark in marks)


def test_there_is_a_sample_of_every_dialect_that_copilot_speaks() -> None:
    assert {sample.parent.name for sample in SAMPLES} >= set(NAMES)


def test_names_are_unique_and_every_outbound_has_an_inbound_that_relays_to_it() -> None:
    names = [dialect.name for dialect in INBOUND]
    assert len(set(names)) == len(names)
    assert set(NAMES) <= set(names)
    assert len({dialect.path for dialect in OUTBOUND}) == len(OUTBOUND)


# --- streams of Copilot's through every writer -------------------------------------------------------------------


@pytest.mark.proves("F30")
@samples
def test_a_sample_reads_the_same_however_the_network_cuts_it(sample: Path) -> None:
    raw, outbound = sample.read_bytes(), outbound_of(sample)
    whole = outcome(outbound, [raw])
    assert outcome(outbound, [raw[i : i + 1] for i in range(len(raw))]) == whole
    assert outcome(outbound, [raw[i : i + 7] for i in range(0, len(raw), 7)]) == whole


def outcome(outbound: Outbound, pieces: list[bytes]) -> Answer | str:
    try:
        return fold(read(outbound, pieces))
    except Failure as failure:
        return failure.message


@samples
@inbounds
def test_a_sample_goes_through_every_writer(sample: Path, inbound: Inbound) -> None:
    try:
        events = list(read(outbound_of(sample), [sample.read_bytes()]))
    except Failure:
        return  # a recorded failure; cutting is judged below
    assert ends_well(inbound, written(inbound, events))
    json.loads(inbound.write_answer(PROMPT, fold(events), STAMP))


@pytest.mark.proves("F32", "promise 6")
@samples
def test_a_sample_cut_at_any_event_is_never_a_whole_answer(sample: Path) -> None:
    raw, outbound = sample.read_bytes(), outbound_of(sample)
    splitter = SseSplitter()
    events = [*splitter.feed(raw), splitter.flush()]
    complete = outcome(outbound, [raw])
    for count in range(len(events)):
        cut = outcome(outbound, [b"".join(events[:count])])
        assert isinstance(cut, str) or cut.parts == getattr(complete, "parts", None), count


# --- answers through every writer --------------------------------------------------------------------------------

CALLS = st.builds(ToolCall, st.uuids().map(lambda u: f"call_{u.hex}"), st.just("read"), st.just('{"a":1}'))
PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1)),
    st.builds(Refusal, st.text(min_size=1)),
    st.builds(Reasoning, st.text(), st.builds(Signature, st.just("responses/openai"), st.text(min_size=1))),
    CALLS,
)
FOUND = st.lists(st.builds(SearchResult, st.text(), st.text(), st.none() | st.text(), st.text()), max_size=2).map(tuple)
SEARCHES = st.tuples(
    st.builds(SearchCall, st.just("1"), st.text()),
    st.builds(SearchDone, st.just("1"), FOUND) | st.just(SearchDone("1", error="unavailable")),
)
ANSWERS = st.builds(
    Answer,
    st.just("vendor-model"),
    st.lists(PARTS.map(lambda part: (part,)) | SEARCHES, max_size=5).map(lambda rows: tuple(chain(*rows))),
    st.sampled_from([Reason.END, Reason.LENGTH, Reason.TOOL, Reason.FILTER]),
    st.just(Usage(10, 5, 3, 2)),
)


@inbounds
@given(answer=ANSWERS)
def test_every_writer_ends_every_answer_and_says_all_its_text(inbound: Inbound, answer: Answer) -> None:
    messages = written(inbound, list(unfold(answer)))
    assert ends_well(inbound, messages)
    said = json.dumps([json.loads(m.data) for m in messages if m.data != b"[DONE]"], ensure_ascii=False)
    whole = json.dumps(json.loads(inbound.write_answer(PROMPT, answer, STAMP)), ensure_ascii=False)
    for part in answer.parts:
        if isinstance(part, Text):
            wanted = json.dumps(part.text, ensure_ascii=False)[1:-1].encode("utf-8", "replace").decode()
            assert wanted in said
            assert wanted in whole
        if isinstance(part, ToolCall) and inbound.name not in {"legacy", "ollama_generate"}:
            assert "read" in said


@pytest.mark.proves("F32", "promise 6")
@inbounds
def test_a_stream_that_breaks_anywhere_never_ends_like_a_whole_one(inbound: Inbound) -> None:
    searched = SearchCall("1", "rain"), SearchDone("1", (SearchResult("https://a.example", "A"),))
    parts = (Reasoning("hm", None), *searched, Text("a b"), ToolCall("call_1", "read", "{}"))
    answer = Answer("m", parts, Reason.TOOL, Usage(1, 1))
    events = list(unfold(answer))
    for count in range(len(events) - 1):
        writer = inbound.writer(PROMPT, STAMP)
        messages = [message for event in events[:count] for message in writer.send(event)]
        last = list(writer.fail(Failure(Kind.UPSTREAM, "it broke", code="stream_broken")))
        assert last, count
        assert not ends_well(inbound, messages), count
        assert b"it broke" in b"".join(message.data for message in last)
        broken = inbound.write_break(Failure(Kind.UPSTREAM, "it broke", code="stream_broken"))
        assert b"it broke" in broken.data


@inbounds
@pytest.mark.parametrize("kind", list(Kind))
def test_every_failure_is_json_that_says_why(inbound: Inbound, kind: Kind) -> None:
    assert "because" in json.dumps(json.loads(inbound.write_failure(Failure(kind, "because", code="x", param="y"))))


# --- requests that are not understood ----------------------------------------------------------------------------

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "model",
        "messages",
        "input",
        "contents",
        "prompt",
        "system",
        "instructions",
        "tools",
        "tool_choice",
        "max_tokens",
        "stream",
        "role",
        "content",
        "type",
        "text",
        "parts",
        "thinking",
        "reasoning",
        "generationConfig",
        "format",
        "options",
        "stop",
        "images",
        "response_format",
    ]
)
NESTED = st.recursive(
    JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=4), max_leaves=8
)
BODIES = st.dictionaries(KEYS, NESTED, max_size=8)


def refused(reading: Callable[[Request], object], request: Request) -> int:
    """The status of a refusal; 499 stands for none."""
    try:
        reading(request)
    except Failure as failure:
        return failure.status
    return 499


@inbounds
@given(body=BODIES)
def test_any_json_is_read_or_refused_as_the_callers_fault(inbound: Inbound, body: dict[str, Any]) -> None:
    request = Request(json.dumps(body).encode(), REQUEST.path_params, {}, {})
    for reading in (inbound.peek, inbound.read_prompt):
        assert 400 <= refused(reading, request) < 500


@inbounds
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"model": NaN}', b"\xff", b"[" * 5000])
def test_what_is_no_json_object_is_refused(inbound: Inbound, body: bytes) -> None:
    for reading in (inbound.peek, inbound.read_prompt):
        with pytest.raises(Failure) as caught:
            reading(Request(body, REQUEST.path_params, {}, {}))
        assert caught.value.status == 400


def test_the_grammar_itself_can_fail() -> None:
    events = list(unfold(Answer("m", (Text("a"),), Reason.END)))
    for before, after in pairwise(range(len(events))):
        swapped = events.copy()
        swapped[before], swapped[after] = swapped[after], swapped[before]
        with pytest.raises(ValueError, match="out of place"):
            fold(swapped)
