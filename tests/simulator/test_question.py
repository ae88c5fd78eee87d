from passenger.simulator.question import tokens


def test_four_characters_are_a_token() -> None:
    assert [tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
