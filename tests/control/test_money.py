"""Credits as people read them."""

import pytest

from passenger.control.money import amount


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        (0, "0.00 credits ($0.00)"),
        (12.7635, "12.76 credits ($0.13)"),
        (0.0231, "0.0231 credits ($0.0002)"),
        (31.2, "31.20 credits ($0.31)"),
        (1234.5, "1,234.50 credits ($12.35)"),
    ],
)
def test_an_amount(spent: float, text: str) -> None:
    assert amount(spent) == text
