import pytest

from passenger.simulator.refusals import RefusedError
from passenger.simulator.responses.errors import listed, wrong_type


def test_values_are_listed_as_openai_does() -> None:
    assert listed(["a"]) == "'a'"
    assert listed(["a", "b", "c"]) == "'a', 'b', and 'c'"


def test_a_null_has_a_name() -> None:
    with pytest.raises(RefusedError, match="expected a string, but got null instead"):
        wrong_type("x", "a string", None)
