import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, AnswerIdentity, Event, Finish, Reason, Usage
from passenger.chat.prompt import Prompt, Text, ToolCall
from passenger.dialects import Reader
from passenger.dialects import anthropic as messages
from passenger.dialects.framing import JSON_ARRAY, NDJSON, SSE, Framing, StreamMessage
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from passenger.dialects.openai import text as legacy
from passenger.errors import Failure, Kind
from passenger.gateway import translate
from tests.folding import fold
from tests.gateway.streams import Kept, Pieces

DATA = Path(__file__).parent.parent / "data"
PROMPT, STAMP = Prompt("asked-model", ()), AnswerIdentity("0" * 32, 1_790_000_000)
STREAM = (DATA / "completions" / "azure_parallel.sse").read_bytes()
SEALED_LAST = (DATA / "completions" / "gemini_sealed_last.sse").read_bytes()
"""The end of this one comes alone."""
CALLS = ("call_a1example", "call_b2example", "call_c3example")


def reader() -> Reader:
    return completions.OUTBOUND.reader(PROMPT, Capabilities("openai"))


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def answered(upstream: Pieces) -> Answer:
    return asyncio.run(translate.answer(upstream.reply, reader(), begin=lambda: None))


def failed(upstream: Pieces) -> Failure:
    with pytest.raises(Failure) as caught:
        answered(upstream)
    return caught.value


BROKEN = Failure(Kind.UPSTREAM, "the connection was reset", code="stream_broken")
ERROR = b'data: {"error":{"message":"boom","code":429}}\n\n'


# --- whole answers -----------------------------------------------------------------------------------------------


def test_a_whole_answer_is_the_fold_of_the_stream() -> None:
    answer = answered(Pieces(STREAM))
    assert tuple(call.id for call in answer.calls) == CALLS
    assert (answer.reason, answer.usage) == (Reason.TOOL, Usage(90, 41))


@given(st.integers(1, 400))
def test_it_does_not_matter_how_the_network_cuts(size: int) -> None:
    assert answered(Pieces(*cut(STREAM, size))) == answered(Pieces(STREAM))


def test_a_whole_answer_does_not_wait_for_an_end_that_never_comes() -> None:
    upstream = Pieces(STREAM, hangs=True)
    assert answered(upstream).reason is Reason.TOOL
    assert upstream.drained == 1


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n", b"data:[DONE]"])
def test_an_event_that_only_lacks_its_blank_line_is_whole(end: bytes) -> None:
    assert answered(Pieces(STREAM.removesuffix(b"data: [DONE]\n\n"), end)) == answered(Pieces(STREAM))


def test_a_finish_reason_that_only_lacks_its_blank_line_is_whole() -> None:
    stream = b'data: {"choices":[{"delta":{"content":"a\\ud800"},"finish_reason":"stop"}]}'
    assert answered(Pieces(stream)).parts == (Text("a\ufffd"),)


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b": a comment",
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}',
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]',
        b"data: [DON",
        b"data: " + b"[" * 100_000,
    ],
)
def test_an_event_that_was_cut_off_is_none(tail: bytes) -> None:
    begun = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    assert failed(Pieces(begun, tail)).code == "stream_broken"


@pytest.mark.proves("F32")
@pytest.mark.parametrize(
    ("upstream", "code"),
    [
        (Pieces(), "stream_broken"),
        (Pieces(STREAM[:2000]), "stream_broken"),
        (Pieces(STREAM[:2000], failure=BROKEN), "stream_broken"),
        (Pieces(STREAM[:2000] + b"\n\n", ERROR), "bad_event"),
        (Pieces(ERROR, STREAM), "429"),
        (Pieces(b"data: nonsense\n\n", STREAM), "bad_event"),
        (Pieces(b"<html>"), "stream_broken"),
    ],
)
def test_what_is_no_whole_answer_is_a_failure(upstream: Pieces, code: str) -> None:
    assert failed(upstream).code == code


def test_what_breaks_after_the_end_does_not_matter() -> None:
    assert answered(Pieces(STREAM, failure=BROKEN)) == answered(Pieces(STREAM + ERROR))


def test_events_are_told_as_they_come_and_those_before_a_failure_are_not_lost() -> None:
    begun = b'data: {"model":"m","choices":[{"delta":{"content":"a"}}]}\n\n'

    async def told() -> list[list[Event]]:
        found: list[list[Event]] = []
        pieces = Pieces(begun[:9], begun[9:], b": x\n\n", begun + ERROR)
        try:
            async for some in translate.events(pieces.reply, reader()):
                found.append(some)  # noqa: PERF401 - what came before the failure is what is asked for
        except Failure as failure:
            assert failure.message == "boom"  # noqa: PT017 - the events before it are judged below
        return found

    assert [len(some) for some in asyncio.run(told())] == [3, 1]


# --- streams -----------------------------------------------------------------------------------------------------


class Down:
    """A client's stream as it was written, and what was noted of it."""

    def __init__(self, upstream: Pieces, dialect: Any = legacy.INBOUND, framing: Framing = SSE) -> None:
        self.noted: list[Event] = []
        self.failures: list[Failure] = []
        self.begun: list[int] = []
        self.settled_after: list[int] = []
        self._upstream, self._framing = upstream, framing
        self._writer = dialect.writer(PROMPT, STAMP)
        self.pieces = asyncio.run(self._run())
        self.body = b"".join(self.pieces)

    async def settle(self) -> None:
        self.settled_after.append(len(self.noted))

    async def _run(self) -> list[bytes]:
        sink = Kept()
        await translate.translate_into(
            sink,
            self._upstream.reply,
            reader(),
            self._writer,
            self._framing,
            note=self.noted.append,
            fail=self.failures.append,
            begin=lambda: self.begun.append(len(self.noted)),
            settle=self.settle,
        )
        return sink.pieces


def test_a_stream_is_written_in_the_clients_dialect_and_each_event_is_noted() -> None:
    down = Down(Pieces(*cut(STREAM, 100)))
    assert down.body.endswith(b"data: [DONE]\n\n")
    assert fold(down.noted) == answered(Pieces(STREAM))
    assert down.settled_after == [len(down.noted)]
    assert down.failures == []
    assert down.begun[0] == 0  # before the first event is written
    assert len(down.pieces) > 1


@pytest.mark.proves("F30")
@pytest.mark.parametrize(
    "dialect", [completions.INBOUND, messages.INBOUND, responses.INBOUND], ids=lambda dialect: dialect.name
)
@given(size=st.integers(1, 400))
def test_a_stream_is_the_same_however_the_network_cuts(dialect: Any, size: int) -> None:
    assert Down(Pieces(*cut(STREAM, size)), dialect).body == Down(Pieces(STREAM), dialect).body


@pytest.mark.parametrize("framing", [SSE, NDJSON, JSON_ARRAY])
def test_a_stream_has_all_it_says_before_the_end_of_upstream_is_waited_for(framing: Framing) -> None:
    upstream = Pieces(*cut(STREAM, 500), hangs=True)
    down = Down(upstream, framing=framing)
    assert down.body == Down(Pieces(STREAM), framing=framing).body
    assert isinstance(down.noted[-1], Finish)
    assert upstream.drained == 1


class Plain:
    """A writer whose messages are JSON whatever comes; some events have none."""

    def __init__(self, silent: Callable[[Event], bool]) -> None:
        self._silent = silent

    def send(self, event: Event) -> list[StreamMessage]:
        return [] if self._silent(event) else [StreamMessage("", json.dumps(type(event).__name__).encode())]

    def fail(self, failure: Failure) -> list[StreamMessage]:
        return [StreamMessage("", json.dumps(failure.message).encode())]

    def writer(self, prompt: Prompt, identity: AnswerIdentity) -> "Plain":
        return self


@pytest.mark.parametrize("size", [1, 100, 10_000])
@pytest.mark.parametrize(
    "silent",
    [
        lambda event: False,
        lambda event: not isinstance(event, Finish),
        lambda event: isinstance(event, Finish),
    ],
    ids=["all is said", "only the end is", "all but the end is"],
)
def test_an_array_is_one_however_many_messages_there_are(size: int, silent: Callable[[Event], bool]) -> None:
    down = Down(Pieces(*cut(SEALED_LAST, size)), Plain(silent), JSON_ARRAY)
    assert json.loads(down.body) == [type(event).__name__ for event in down.noted if not silent(event)]


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_a_stream_that_breaks_ends_with_the_failure_and_an_array_is_closed(count: int) -> None:
    begun = b"".join(raw + b"\n\n" for raw in STREAM.split(b"\n\n")[:count])
    down = Down(Pieces(begun, failure=BROKEN) if begun else Pieces(failure=BROKEN), Plain(lambda _: False), JSON_ARRAY)
    *said, last = json.loads(down.body)
    assert (said, last) == ([type(event).__name__ for event in down.noted], "the connection was reset")
    assert down.failures == [BROKEN]


def test_what_came_before_a_break_goes_down_before_it() -> None:
    begun = b'data: {"model":"m","choices":[{"delta":{"content":"once"}}]}\n\n'
    down = Down(Pieces(begun + ERROR))
    assert down.body.index(b"once") < down.body.index(b"boom")
    assert b"[DONE]" not in down.body
    assert [failure.status for failure in down.failures] == [429]


def test_calls_come_to_a_client_of_another_dialect() -> None:
    down = Down(Pieces(*cut(STREAM, 7)), messages.INBOUND)
    assert [one for one in CALLS if one.encode() in down.body] == list(CALLS)
    folded = fold(down.noted)
    assert [part for part in folded.parts if isinstance(part, ToolCall)] == list(folded.calls)


@pytest.mark.proves("promise 8", "F41")
def test_an_answer_of_very_many_parts_is_a_failure() -> None:
    parts = b"".join(
        b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"choices":[{"delta":{"refusal":"b"}}]}\n\n'
        for _ in range(5_001)
    )
    failure = failed(Pieces(*cut(parts, 10_000)))
    assert (failure.kind, failure.code) == (Kind.UPSTREAM, "bad_answer")


@pytest.mark.proves("promise 8", "F41")
def test_an_answer_that_is_larger_than_any_is_a_failure() -> None:
    assert failed(Pieces(b":\n\n", bytes(256 * 1024 * 1024))).code == "bad_answer"
