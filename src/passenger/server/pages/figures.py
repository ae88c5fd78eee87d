"""Numbers, times and prices as the page shows them."""

from passenger.observe.amounts import USD, dollars, three_digits

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def tokens(number: int | None) -> str:
    """A count in three digits or less: `842`, `12.4 k`, `1.24 M`; a dash if unknown."""
    if number is None:
        return "-"
    for size, unit in ((1, ""), (1_000, " k"), (1_000_000, " M")):
        if number < 999.5 * size:
            return f"{three_digits(number / size)}{unit}"
    return f"{three_digits(number / 1_000_000_000)} G"


def price(spent: float | None) -> str:
    """The price of a million tokens in dollars, from credits: `$1.25`, `$0.175`; a dash if unknown."""
    if spent is None:
        return "-"
    mills = f"{spent * USD:,.3f}"
    return f"${dollars(spent)}" if spent * USD < 0.01 or mills.endswith("0") else f"${mills}"


def multiplier(factor: float) -> str:
    """A multiplier of premium requests: `0.33x`."""
    return "included" if factor == 0 else f"{factor:g}x"


def lasting(seconds: float) -> str:
    """A duration in its two largest units: `3 d 4 h`."""
    left = max(0, int(seconds))
    if left < 60:
        return f"{left} s"
    found: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or found:
            found.append(f"{count} {unit}")
    return " ".join(one for one in found[:2] if not one.startswith("0 "))


def ago(seconds: float) -> str:
    """A time in the past in its largest unit: `4 min ago`."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1, "s"))
    return "just now" if seconds < 1.5 else f"{int(seconds // size)} {unit} ago"


def took(seconds: float | None) -> str:
    """How long a request took: `340 ms`, `12.3 s`."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def percent(part: int, whole: int) -> str:
    """A share, in whole per cent: `91 %`."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"
