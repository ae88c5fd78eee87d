"""Which part an answer was cut in, and the arguments of its calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import (
    Answer,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    Start,
    unfold,
)
from passenger.chat.prompt import Reasoning, Refusal, Text, ToolCall
from passenger.dialects.cut_parts import CutParts
from tests.chat.test_events import ANSWERS
from tests.folding import fold

CUT = [Reason.LENGTH, Reason.FILTER]
CALL = PartStart("call", "c", "f")
SPOKEN = Text | Refusal | Reasoning


def told(events: list[Event], sizes: list[int] | None = None) -> list[Event]:
    """What is told of events that come so many at a time."""
    cuts, found, at = CutParts(), list[Event](), 0
    for size in sizes or [1] * len(events):
        found += cuts.apply(events[at : at + size])
        at += size
    return [*found, *cuts.apply(events[at:])]


def stops(events: list[Event]) -> list[bool]:
    return [event.cut for event in events if isinstance(event, PartStop)]


@given(ANSWERS, st.lists(st.integers(1, 5), max_size=5))
def test_it_marks_what_an_unfolded_answer_marks_however_the_events_come(answer: Answer, sizes: list[int]) -> None:
    plain = [PartStop(event.signature) if isinstance(event, PartStop) else event for event in unfold(answer)]
    found = told(plain, sizes)
    assert stops(found) == [
        cut for part, cut in answer.parts_and_cuts() if not isinstance(part, SearchCall | SearchDone)
    ]
    kept = fold(found)
    assert [(type(part), part.text) for part in kept.parts if isinstance(part, SPOKEN)] == [
        (type(part), part.text) for part in answer.parts if isinstance(part, SPOKEN)
    ]


@pytest.mark.parametrize("reason", list(Reason))
def test_only_the_last_part_is_cut_and_only_where_the_answer_was(reason: Reason) -> None:
    parts = (Text("a"), ToolCall("b", "g", "{}"), Text("c"))
    assert [cut for _, cut in Answer("m", parts, reason).parts_and_cuts()] == [False, False, reason in CUT]


def test_a_refusal_in_the_middle_of_a_call_is_a_filter() -> None:
    half: list[Event] = [Start("m"), CALL, Delta('{"a'), PartStop()]
    refused: list[Event] = [PartStart("refusal"), Delta("No."), PartStop()]
    for rest in (refused[:0], refused):
        answer = fold(found := told([*half, *rest, Finish(Reason.REFUSAL)]))
        assert answer.reason is Reason.FILTER
        assert stops(found)[0]
    spoken: list[Event] = [Start("m"), *refused, Finish(Reason.REFUSAL)]
    assert fold(told(spoken)) == Answer("m", (Refusal("No."),), Reason.REFUSAL)


def test_a_whole_call_without_arguments_has_an_empty_object_and_one_that_was_cut_has_none() -> None:
    silent: list[Event] = [Start("m"), CALL, PartStop()]
    assert fold(told([*silent, Finish(Reason.TOOL)])).calls[0].arguments == "{}"
    assert fold(told([*silent, CALL, PartStop(), Finish(Reason.LENGTH)])).calls[0].arguments == "{}"
    assert fold(told([*silent, Finish(Reason.LENGTH)])).calls[0].arguments == ""
    free: list[Event] = [Start("m"), PartStart("call", "c", "f", custom=True), PartStop(), Finish(Reason.TOOL)]
    assert fold(told(free)).calls[0].arguments == ""


def test_control_characters_are_escaped_in_arguments_and_nowhere_else() -> None:
    pieces: list[Event] = [Delta('{"a": "x'), Delta("\ny"), Delta('"}')]
    assert json.loads(fold(told([Start("m"), CALL, *pieces, PartStop(), Finish(Reason.TOOL)])).calls[0].arguments) == {
        "a": "x\ny"
    }
    free = PartStart("call", "c", "f", custom=True)
    for part in (PartStart("text"), free):
        (kept,) = fold(told([Start("m"), part, *pieces, PartStop(), Finish(Reason.END)])).parts
        assert '{"a": "x\ny"}' in (getattr(kept, "text", ""), getattr(kept, "arguments", ""))


def test_what_has_ended_is_told_where_the_answer_breaks_off() -> None:
    cuts = CutParts()
    assert cuts.apply([Start("m"), CALL, PartStop()]) == [Start("m"), CALL]
    assert cuts.flush() == [Delta("{}"), PartStop()]
    assert cuts.flush() == []
