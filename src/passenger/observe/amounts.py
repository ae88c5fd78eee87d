"""Tokens, credits, spans of time and rows of names, as people read them. One AI credit is one US cent."""

from collections.abc import Sequence

_STEPS = ((1_000_000, "M"), (1_000, "k"))


def tokens(count: int) -> str:
    """A number of tokens in three digits: `128k`, `1.05M`, `812`."""
    for step, sign in _STEPS:
        if count >= step * 0.9995:
            return f"{three_digits(count / step)}{sign}"
    return str(count)


def three_digits(number: float) -> str:
    """A number in three digits, without zeros at its end: `12.4`."""
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def join_names(names: Sequence[str], most: int) -> str:
    """Names in a row, not more than that many: `top_k, seed, user and 2 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def span(seconds: float) -> str:
    """A span of time in its one or two largest units: `42 s`, `5 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    large, small, names = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    if whole >= 86_400:
        large, small, names = (whole // 86_400, whole % 86_400 // 3600, ("d", "h"))
    return f"{large} {names[0]}" + (f" {small} {names[1]}" if small else "")


def elapsed(seconds: float) -> str:
    """How long something took: `391 ms`, `1.2 s`, `75 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


USD = 0.01
"""Dollars that one credit costs."""


def amount(spent: float) -> str:
    """Credits and dollars in one phrase: `12.76 credits ($0.13)`."""
    return f"{credit_number(spent)} credits (${dollars(spent)})"


def cost(spent: float | None, premium_requests: float | None) -> str:
    """What an answer cost, in the unit that is known: `12.76 credits ($0.13)`, `0.33 premium requests`."""
    if spent is not None:
        return amount(spent)
    return "cost not told" if premium_requests is None else premium(premium_requests)


def premium(requests: float) -> str:
    """A number of premium requests: `0.33 premium requests`."""
    return f"{requests:,g} premium request{'' if requests == 1 else 's'}"


def credit_number(spent: float) -> str:
    """Credits with two decimals, `12.76`, or four below a tenth, `0.0231`."""
    return f"{spent:,.2f}" if abs(spent) >= 0.1 or spent == 0 else f"{spent:.4f}"


def dollars(spent: float) -> str:
    """What they cost in dollars, without the sign: `0.13`, and `0.0013` below a cent."""
    cost = spent * USD
    return f"{cost:,.2f}" if abs(cost) >= 0.01 or cost == 0 else f"{cost:.4f}"


_MOST_DIGITS = 11
_DECIMALS: Sequence[tuple[int, str]] = [(10**digits, f"%d.%0{digits}d") for digits in range(_MOST_DIGITS + 1)]
"""Parts in a unit, and how its decimals are written, by their number."""


def decimal(count: int, digits: int) -> str:
    """A count of parts of a unit as an exact decimal, with so many digits at most, 1 to 11: 1276 and 2 are `12.76`."""
    parts, form = _DECIMALS[digits]
    return (form % divmod(count, parts)).rstrip("0").rstrip(".")
