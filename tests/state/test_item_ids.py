"""The ids of items."""

import pytest

from passenger.state.item_ids import new_item_id, read_id


@pytest.mark.parametrize(
    ("item", "id_"),
    [
        (b'{"id":"msg_1","type":"message"}', "msg_1"),
        (b'{"type":"message"}', ""),
        (b'{"id":"msg_1","text":"\\ud800"}', "msg_1"),
        (b'{"a":{"id":"no"},"id":"yes"}', "yes"),
    ],
)
def test_the_id_of_an_item_is_read(item: bytes, id_: str) -> None:
    assert read_id(item) == id_


def test_an_id_that_is_made_has_128_random_bits() -> None:
    made = {new_item_id("msg") for _ in range(100)}
    assert len(made) == 100
    assert all(one.startswith("msg_") and len(one) == 36 for one in made)
