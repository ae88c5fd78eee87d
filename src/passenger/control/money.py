"""Credits as people read them. One AI credit is one cent of a US dollar."""

USD = 0.01
"""Dollars that one credit costs."""


def amount(spent: float) -> str:
    """Credits and dollars in one phrase: `12.76 credits ($0.13)`."""
    return f"{number(spent)} credits (${dollars(spent)})"


def number(spent: float) -> str:
    """Credits, with the digits that tell: `12.76`, and `0.0231` below a tenth."""
    return f"{spent:,.2f}" if abs(spent) >= 0.1 or spent == 0 else f"{spent:.4f}"


def dollars(spent: float) -> str:
    """What they cost in dollars, without the sign: `0.13`, and `0.0013` below a cent."""
    cost = spent * USD
    return f"{cost:,.2f}" if abs(cost) >= 0.01 or cost == 0 else f"{cost:.4f}"
