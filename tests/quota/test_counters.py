"""What is asked of counters, told as values."""

from passenger.quota.counters import Take, TakeRefusal


def test_a_refusal_names_what_could_not_be_taken() -> None:
    take = Take("all month", "sum", 5, 10)
    assert TakeRefusal(take, spent=7).take is take
    assert take.refuses
