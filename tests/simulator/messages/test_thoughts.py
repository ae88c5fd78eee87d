from passenger.simulator.messages.thoughts import sign, verdict
from passenger.simulator.seals import lock


def test_a_seal_fits_only_the_thought_it_was_made_for() -> None:
    seal = sign("thought", "salt")
    assert (verdict("thought", seal), verdict("another", seal)) == ("good", "changed")


def test_a_seal_from_elsewhere_is_foreign() -> None:
    for seal in ("", "CAISsimulated", lock("content|x", "salt"), sign("thought", "salt")[:-4]):
        assert verdict("thought", seal) == "foreign"
