import msgspec
import pytest

from passenger.chat import Usage
from passenger.dialects.completions.wire import Bill, TokenCounts, usage_of


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, Usage(3, 2)),
        ({"prompt_tokens": None, "completion_tokens": None, "prompt_tokens_details": None}, Usage()),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 7}}, Usage(9, cached=7)),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}, Usage(output=9, reasoning=7)),
        ({"completion_tokens_details": {"reasoning_tokens": None}, "prompt_tokens_details": {}}, Usage()),
    ],
)
def test_tokens_are_read_where_openai_puts_them(counts: dict[str, object], usage: Usage) -> None:
    assert usage_of(msgspec.convert(counts, TokenCounts), None) == usage


@pytest.mark.parametrize(("total", "output"), [(13, 8), (7, 2), (None, 2)])
def test_geminis_reasoning_is_output_where_it_is_part_of_the_total(total: int | None, output: int) -> None:
    counts = TokenCounts(prompt_tokens=5, completion_tokens=2, total_tokens=total, reasoning_tokens=6)
    assert usage_of(counts, None) == Usage(5, output, reasoning=6)


@pytest.mark.parametrize(("total", "output"), [(354, 342), (14, 2), (None, 2)])
def test_so_is_xais_which_stands_among_the_details_of_the_completion(total: int | None, output: int) -> None:
    counts = {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": total}
    details = {"completion_tokens_details": {"reasoning_tokens": 340}}
    assert usage_of(msgspec.convert(counts | details, TokenCounts), None) == Usage(12, output, reasoning=340)


@pytest.mark.parametrize(("bill", "nano"), [(None, None), (Bill(), None), (Bill(0), 0), (Bill(7), 7)])
def test_the_bill_is_kept(bill: Bill | None, nano: int | None) -> None:
    assert usage_of(TokenCounts(), bill) == Usage(nano_credits=nano)
