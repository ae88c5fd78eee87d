"""Places that are limited in number, without a store."""

from passenger.state.places import Places


def test_what_is_given_back_can_be_taken_once_more_and_leaves_nothing() -> None:
    places = Places()
    first = places.take("a", 1)
    assert first is not None
    assert places.take("a", 1) is None
    other = places.take("b", 1)
    assert other is not None
    assert len(places) == 2
    first()
    again = places.take("a", 1)
    assert again is not None
    first()
    assert places.take("a", 1) is None
    again()
    other()
    assert len(places) == 0
    assert places.take("a", 0) is None
