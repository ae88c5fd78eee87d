import pytest

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


def test_nothing_is_added_to_a_part_that_is_whole() -> None:
    lane = Lane()
    segment = lane.at((0, 0), "text")
    segment.closed = True
    drained(lane)
    segment.add("more")
    assert drained(lane) == []


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
