"""What people type for money and for times."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import click

from passenger.chat.cost import CREDITS_PER_DOLLAR, NANO

_DOLLARS = re.compile(r"\$?([0-9]+(?:\.[0-9]{1,9})?)(?: ?usd)?", re.IGNORECASE)
_CREDITS = re.compile(r"([0-9]+(?:\.[0-9]{1,9})?) ?(?:cr|credits?)", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST_NANO = 10**18


def read_money(text: str) -> int:
    """Nano credits of `50`, `$50`, `50 USD` (dollars) or `5000cr`.

    Raises:
        UsageError: it is no amount.
    """
    if found := _CREDITS.fullmatch(text.strip()):
        nano = Decimal(found[1]) * NANO
    elif found := _DOLLARS.fullmatch(text.strip()):
        nano = Decimal(found[1]) * NANO * CREDITS_PER_DOLLAR
    else:
        raise click.UsageError(f"{text!r} is no amount: write $50 or 5000cr")
    if nano > _MOST_NANO:
        raise click.UsageError(f"{text!r} is more than there is")
    return int(nano)


def read_seconds(text: str) -> int:
    """Seconds of `90s`, `30m`, `24h`, `7d` or `2w`; `0` is none.

    Raises:
        UsageError: it is no duration.
    """
    found = _DURATION.fullmatch(text)
    if found is None and text != "0":
        raise click.UsageError(f"{text!r} is no duration: write 30m, 24h or 7d")
    return int(found[1]) * _SECONDS[found[2]] if found else 0


def read_moment(text: str, now: float) -> int:
    """The Unix seconds of a date (its end, in UTC), or of a duration from now on.

    Raises:
        UsageError: it is neither.
    """
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + _SECONDS["d"]
    except ValueError:
        return int(now) + read_seconds(text)


def date_text(moment: int | None) -> str:
    """A moment as people read it, in UTC; `-` for none."""
    return "-" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def money_text(nano: int) -> str:
    """An amount in dollars."""
    return f"${Decimal(nano) / (NANO * CREDITS_PER_DOLLAR):,.2f}"
