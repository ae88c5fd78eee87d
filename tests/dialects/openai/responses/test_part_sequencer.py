from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Delta, Event, PartStart, PartStop
from passenger.chat.prompt import Signature
from passenger.dialects.openai.responses.part_sequencer import PartSequencer
from passenger.errors import Failure


def drained(parts: PartSequencer) -> list[Event]:
    return list(parts.drain())


def test_the_words_of_an_open_part_are_passed_on_at_once() -> None:
    parts = PartSequencer()
    parts.at((0, 0), "text").add("a")
    assert drained(parts) == [PartStart("text"), Delta("a")]
    parts.at((0, 0), "text").add("b")
    assert drained(parts) == [Delta("b")]
    assert drained(parts) == []


def test_a_part_waits_until_the_one_before_it_is_whole() -> None:
    parts = PartSequencer()
    parts.at((0, 0), "text").add("a")
    drained(parts)
    parts.at((1, 0), "text").add("later")
    parts.at((1, 0), "text").closed = True
    assert drained(parts) == []
    parts.at((0, 0), "text").closed = True
    assert drained(parts) == [PartStop(), PartStart("text"), Delta("later"), PartStop()]


def test_what_a_whole_text_has_more_is_added_and_nothing_twice() -> None:
    parts = PartSequencer()
    part = parts.at((0, 0), "text")
    part.add("Hel")
    drained(parts)
    part.add_rest("Hello")
    part.add_rest("Hello")
    part.add_rest(None)
    assert drained(parts) == [Delta("lo")]


def refused(take: Callable[[], object]) -> None:
    with pytest.raises(Failure) as caught:
        take()
    assert caught.value.code == "bad_event"


@pytest.mark.proves("promise 6", "F41")
def test_a_part_that_goes_on_after_its_end_is_a_failure() -> None:
    part = PartSequencer().at((0, 0), "text")
    part.add("Hel")
    part.closed = True
    part.add("")
    part.add_rest("Hel")
    refused(lambda: part.add("lo"))
    refused(lambda: part.add_rest("Hello"))


@pytest.mark.proves("promise 6", "F41")
@given(st.lists(st.text("ab", max_size=3), max_size=6), st.text("ab", max_size=9), st.integers(0, 1))
def test_a_whole_text_that_does_not_begin_with_its_pieces_is_a_failure(pieces: list[str], whole: str, at: int) -> None:
    part = PartSequencer().at((0, 0), "reasoning")
    for piece in pieces:
        part.add(piece, at)
    if whole.startswith("".join(pieces)):
        part.add_rest(whole, at)
        assert "".join(part.waiting) == whole
    else:
        refused(lambda: part.add_rest(whole, at))


@pytest.mark.proves("promise 6", "F41")
def test_something_else_in_the_place_of_a_part_is_a_failure() -> None:
    parts = PartSequencer()
    parts.at((0, 0), "text").add("a")
    refused(lambda: parts.at((0, 0), "call"))


def test_the_parts_of_an_announced_item_come_first_though_another_speaks_first() -> None:
    parts = PartSequencer()
    for index in (0, 1):
        parts.announce(index)
    parts.at((1, 0), "text").add("second")
    parts.finish(1)
    assert drained(parts) == []
    parts.at((0, 0), "text").add("first")
    assert drained(parts) == [PartStart("text"), Delta("first")]
    parts.finish(0)
    assert drained(parts) == [PartStop(), PartStart("text"), Delta("second"), PartStop()]


def test_an_announced_item_that_never_speaks_holds_others_up_no_longer_than_to_the_end() -> None:
    parts = PartSequencer()
    parts.announce(0)
    parts.at((1, 0), "text").add("a")
    assert drained(parts) == []
    parts.close()
    assert drained(parts) == [PartStart("text"), Delta("a"), PartStop()]


@pytest.mark.proves("promise 8", "F41")
@pytest.mark.parametrize(
    "begin",
    [
        lambda parts, number: parts.at((number, 0), "text"),
        lambda parts, number: parts.at((0, number), "text"),
        lambda parts, number: parts.announce(number),
        lambda parts, number: parts.at((0, 0), "reasoning").add("a", number),
    ],
)
def test_an_answer_may_have_many_parts_but_not_any_number(begin: Callable[[PartSequencer, int], object]) -> None:
    parts = PartSequencer()

    def begin_many() -> None:
        for number in range(10_002):
            begin(parts, number)

    with pytest.raises(Failure, match="more than 10000 parts"):
        begin_many()


def test_the_texts_of_reasoning_stand_apart() -> None:
    parts = PartSequencer()
    part = parts.at((0, 0), "reasoning")
    part.add("one", 0)
    part.add("two", 1)
    assert drained(parts) == [PartStart("reasoning"), Delta("one\n\ntwo")]


@pytest.mark.parametrize(("signature", "count"), [(None, 0), (Signature("responses/openai", "s"), 2)])
def test_reasoning_without_words_is_told_only_with_a_signature(signature: Signature | None, count: int) -> None:
    parts = PartSequencer()
    part = parts.at((0, 0), "reasoning")
    assert drained(parts) == []
    part.signature, part.closed = signature, True
    assert len(drained(parts)) == count


def test_a_call_waits_for_its_name() -> None:
    parts = PartSequencer()
    part = parts.at((0, 0), "call")
    part.add("{}")
    assert drained(parts) == []
    part.start = PartStart("call", "c", "f")
    assert drained(parts) == [PartStart("call", "c", "f"), Delta("{}")]


def test_a_part_of_two_kinds_is_a_failure_that_names_both() -> None:
    parts = PartSequencer()
    parts.at((0, 0), "reasoning")
    with pytest.raises(Failure, match="stream calls a part reasoning, then text"):
        parts.at((0, 0), "text")


def test_a_call_that_ends_without_a_name_is_a_failure() -> None:
    parts = PartSequencer()
    parts.at((0, 0), "call")
    parts.close()
    with pytest.raises(Failure, match="without saying which"):
        drained(parts)
