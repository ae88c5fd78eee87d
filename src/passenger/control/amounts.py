"""Numbers of tokens, spans of time and rows of names, as people read them."""

from collections.abc import Sequence

_STEPS = ((1_000_000, "M"), (1_000, "k"))


def tokens(count: int) -> str:
    """A number of tokens in three digits: `128k`, `1.05M`, `812`."""
    for step, sign in _STEPS:
        if count >= step * 0.9995:
            return f"{_three(count / step)}{sign}"
    return str(count)


def _three(number: float) -> str:
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def listed(names: Sequence[str], most: int) -> str:
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
