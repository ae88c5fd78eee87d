from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Seal
from passenger.dialects.responses.lane import Lane
from passenger.errors import Failure
from passenger.events import Delta, Event, PartStart, PartStop


def drained(lane: Lane) -> list[Event]:
    return list(lane.drain())


def test_the_words_of_an_open_part_are_passed_on_at_once() -> None:
    lane = Lane()
    lane.at((0, 0), "text").add("a")
    assert drained(lane) == [PartStart("text"), Delta("a")]
    lane.at((0, 0), "text").add("b")
    assert drained(lane) == [Delta("b")]
    assert drained(lane) == []


def test_a_part_waits_until_the_one_before_it_is_whole() -> None:
    lane = Lane()
    lane.at((0, 0), "text").add("a")
    drained(lane)
    lane.at((1, 0), "text").add("later")
    lane.at((1, 0), "text").closed = True
    assert drained(lane) == []
    lane.at((0, 0), "text").closed = True
    assert drained(lane) == [PartStop(), PartStart("text"), Delta("later"), PartStop()]


def test_what_a_whole_text_has_more_is_added_and_nothing_twice() -> None:
    lane = Lane()
    segment = lane.at((0, 0), "text")
    segment.add("Hel")
    drained(lane)
    segment.reach("Hello")
    segment.reach("Hello")
    segment.reach(None)
    assert drained(lane) == [Delta("lo")]


def refused(take: Callable[[], object]) -> None:
    with pytest.raises(Failure) as caught:
        take()
    assert caught.value.code == "bad_event"


@pytest.mark.proves("promise 6", "F41")
def test_a_part_that_goes_on_after_its_end_is_a_failure() -> None:
    segment = Lane().at((0, 0), "text")
    segment.add("Hel")
    segment.closed = True
    segment.add("")
    segment.reach("Hel")
    refused(lambda: segment.add("lo"))
    refused(lambda: segment.reach("Hello"))


@pytest.mark.proves("promise 6", "F41")
@given(st.lists(st.text("ab", max_size=3), max_size=6), st.text("ab", max_size=9), st.integers(0, 1))
def test_a_whole_text_that_does_not_begin_with_its_pieces_is_a_failure(pieces: list[str], whole: str, at: int) -> None:
    segment = Lane().at((0, 0), "thought")
    for piece in pieces:
        segment.add(piece, at)
    if whole.startswith("".join(pieces)):
        segment.reach(whole, at)
        assert "".join(segment.waiting) == whole
    else:
        refused(lambda: segment.reach(whole, at))


@pytest.mark.proves("promise 6", "F41")
def test_something_else_in_the_place_of_a_part_is_a_failure() -> None:
    lane = Lane()
    lane.at((0, 0), "text").add("a")
    refused(lambda: lane.at((0, 0), "call"))


def test_the_parts_of_an_announced_item_come_first_though_another_speaks_first() -> None:
    lane = Lane()
    for index in (0, 1):
        lane.announce(index)
    lane.at((1, 0), "text").add("second")
    lane.finish(1)
    assert drained(lane) == []
    lane.at((0, 0), "text").add("first")
    assert drained(lane) == [PartStart("text"), Delta("first")]
    lane.finish(0)
    assert drained(lane) == [PartStop(), PartStart("text"), Delta("second"), PartStop()]


def test_an_announced_item_that_never_speaks_holds_others_up_no_longer_than_to_the_end() -> None:
    lane = Lane()
    lane.announce(0)
    lane.at((1, 0), "text").add("a")
    assert drained(lane) == []
    lane.close()
    assert drained(lane) == [PartStart("text"), Delta("a"), PartStop()]


@pytest.mark.proves("promise 8", "F41")
@pytest.mark.parametrize(
    "begin",
    [
        lambda lane, number: lane.at((number, 0), "text"),
        lambda lane, number: lane.at((0, number), "text"),
        lambda lane, number: lane.announce(number),
        lambda lane, number: lane.at((0, 0), "thought").add("a", number),
    ],
)
def test_an_answer_may_have_many_parts_but_not_any_number(begin: Callable[[Lane, int], object]) -> None:
    lane = Lane()

    def begin_many() -> None:
        for number in range(10_002):
            begin(lane, number)

    with pytest.raises(Failure, match="more than 10000 parts"):
        begin_many()


def test_the_texts_of_a_thought_stand_apart() -> None:
    lane = Lane()
    segment = lane.at((0, 0), "thought")
    segment.add("one", 0)
    segment.add("two", 1)
    assert drained(lane) == [PartStart("thought"), Delta("one\n\ntwo")]


@pytest.mark.parametrize(("seal", "count"), [(None, 0), (Seal("responses/openai", "s"), 2)])
def test_a_thought_without_words_is_told_of_only_where_it_has_a_seal(seal: Seal | None, count: int) -> None:
    lane = Lane()
    segment = lane.at((0, 0), "thought")
    assert drained(lane) == []
    segment.seal, segment.closed = seal, True
    assert len(drained(lane)) == count


def test_a_call_waits_for_its_name() -> None:
    lane = Lane()
    segment = lane.at((0, 0), "call")
    segment.add("{}")
    assert drained(lane) == []
    segment.start = PartStart("call", "c", "f")
    assert drained(lane) == [PartStart("call", "c", "f"), Delta("{}")]


def test_a_call_that_ends_without_a_name_is_a_failure() -> None:
    lane = Lane()
    lane.at((0, 0), "call")
    lane.close()
    with pytest.raises(Failure, match="without saying which"):
        drained(lane)
