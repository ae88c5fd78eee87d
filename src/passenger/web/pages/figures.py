"""Numbers, times and prices as the page shows them."""

from passenger.control.money import USD, dollars

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def tokens(number: int | None) -> str:
    """A count in three digits or less: `842`, `12.4 k`, `1.24 M`; a dash where it is not known."""
    if number is None:
        return "-"
    for size, unit in ((1, ""), (1_000, " k"), (1_000_000, " M")):
        if number < 999.5 * size:
            return f"{_three_digits(number / size)}{unit}"
    return f"{_three_digits(number / 1_000_000_000)} G"


def _three_digits(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(spent: float | None) -> str:
    """What a million tokens cost, from credits to dollars: `$1.25`, `$0.175`; a dash where it is not known."""
    if spent is None:
        return "-"
    mills = f"{spent * USD:,.3f}"
    return f"${dollars(spent)}" if spent * USD < 0.01 or mills.endswith("0") else f"${mills}"


def multiplier(factor: float) -> str:
    """How many premium requests one is, as people say it: `0.33x`."""
    return "included" if factor == 0 else f"{factor:g}x"


def lasting(seconds: float) -> str:
    """A long time by its two greatest units: `3 d 4 h`."""
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
    """How long ago something was, by its greatest unit: `4 min ago`."""
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
