import pytest

from passenger.simulator.refusals import CATALOGUE, Refusal, by_code, by_status


def test_a_text_and_an_envelope_both_end_in_a_newline() -> None:
    assert Refusal(421, "Misdirected Request").body() == b"Misdirected Request\n"
    assert Refusal(400, "a > b", "").body() == b'{"error":{"code":"","message":"a \\u003e b"}}\n'


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code])
def test_every_entry_is_found_by_its_code_with_or_without_its_plan(code: str) -> None:
    assert by_code(code) is CATALOGUE[code]
    assert by_code(code.partition(":")[0]).code == code


def test_an_unknown_code_is_a_400_of_that_code() -> None:
    assert (by_code("new").status, by_code("new").code) == (400, "new")


def test_rate_limits_carry_their_window() -> None:
    assert dict(by_code("user_weekly_rate_limited").headers)["retry-after"] == "200000"
    assert "retry-after" not in dict(by_code("model_overloaded").headers)
    assert "retry-after" not in dict(by_status(429, ()).headers)
