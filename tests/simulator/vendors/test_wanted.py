import pytest

from passenger.simulator.vendors.wanted import fragments


@pytest.mark.parametrize("text", ["", "{}", '{"a":1}', "x" * 500])
def test_fragments_are_small_and_make_the_whole(text: str) -> None:
    pieces = fragments(text)
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= 20 for piece in pieces)
