import pytest

from passenger.dialects.messages.pending_blocks import PendingBlocks
from passenger.dialects.messages.wire import WireEvent
from passenger.errors import Failure

START, DELTA, STOP = "content_block_start", "content_block_delta", "content_block_stop"


def put(later: PendingBlocks, *events: tuple[str, int]) -> list[WireEvent]:
    made = [WireEvent(kind, index) for kind, index in events]
    for event in made:
        later.put(event)
    return made


def test_the_events_of_each_block_come_together_in_the_order_of_the_blocks() -> None:
    later = PendingBlocks()
    a, b, c, d, e = put(later, (START, 2), (START, 1), (DELTA, 2), (DELTA, 1), (STOP, 2))
    assert [later.take(), later.take(), later.take()] == [[a, c, e], [b, d], []]


def test_an_index_that_is_used_again_is_another_block() -> None:
    later = PendingBlocks()
    a, b, c, d, e = put(later, (START, 1), (STOP, 1), (START, 2), (START, 1), (DELTA, 1))
    assert [later.take(), later.take(), later.take()] == [[a, b], [c], [d, e]]


def test_a_block_that_was_taken_grows_no_more() -> None:
    later = PendingBlocks()
    first = put(later, (START, 1))
    assert later.take() == first
    more = put(later, (DELTA, 1))
    assert later.take() == more


@pytest.mark.proves("promise 8", "F41")
def test_many_blocks_may_wait_but_not_any_number() -> None:
    with pytest.raises(Failure, match="more than 10000 parts"):
        put(PendingBlocks(), *((START, index) for index in range(10_001)))
