"""The quota as the headers of an answer tell it: `x-quota-snapshot-*`, a query string each.

They are on each successful answer of a model, and tell what was left before it: `ent` what the plan includes (-1: no
limit), `ov` what was used beyond, `ovPerm` whether more may be used, `rem` the percentage that is left, `rst` when it
begins anew, `totRem` what is left (docs/upstream.md).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from passenger.quota.quota import Quota, QuotaUnit, read_number, used_of
from passenger.quota.snapshots import read_time

PREFIX = "x-quota-snapshot-"
OLD_PREMIUM = f"{PREFIX}premium_models"

_LONGEST = 500
"""Characters of a header that are read."""

LONGEST_NUMBER = 15
"""Characters of a number that is passed on unread."""

_LEFT = re.compile(
    r"(ent=[1-9]\d{0,11}(?:\.\d{1,6})?&ov=0(?:\.0+)?&ovPerm=\w{1,9}&rem=)\d{1,3}(?:\.\d{1,6})?"
    r"(&rst=\d{4}[\w%.+-]{4,40}&totRem=)\d{1,12}(?:\.\d{1,6})?"
)
_OVER = re.compile(
    r"(ent=[1-9]\d{0,11}(?:\.\d{1,6})?&ov=)\d{1,12}(?:\.\d{1,6})?"
    r"(&ovPerm=\w{1,9}&rem=0(?:\.0+)?&rst=\d{4}[\w%.+-]{4,40}&totRem=0(?:\.0+)?)"
)
"""A counter of which there is something left, and one that is used up, as Copilot writes them."""


class Shape(Struct, frozen=True):
    """What the values of a counter have in common from answer to answer: all but the numbers that change."""

    start: str
    end: str
    is_over: bool

    def remaining(self, value: str) -> str | None:
        """What is left according to a value of this shape, negative for what was used beyond; None for any other."""
        if not value.startswith(self.start):
            return None
        first, end, last = value[len(self.start) :].partition(self.end)
        number = first if self.is_over else last
        if not end or len(number) > LONGEST_NUMBER or not number.replace(".", "", 1).isdecimal():
            return None
        if self.is_over:
            return None if last else f"-{number}"
        return number


def shape_of(value: str) -> Shape | None:
    """The shape of a usual value; None for any other."""
    if found := _LEFT.fullmatch(value):
        return Shape(found[1], found[2], is_over=False)
    found = _OVER.fullmatch(value)
    return Shape(found[1], found[2], is_over=True) if found else None


def read_headers(headers: Mapping[str, str]) -> Mapping[str, Quota]:
    """The counters of an answer by their headers."""
    return {name: read_header(name, value) for name, value in headers.items() if name.startswith(PREFIX)}


def read_header(name: str, value: str, unit: QuotaUnit | None = None) -> Quota:
    """The counter in a header. What is missing, odd or absurd is None."""
    fields: dict[str, str] = dict([part.partition("=")[::2] for part in value[:_LONGEST].split("&")])
    entitlement, percent = _number(fields.get("ent")), _number(fields.get("rem"))
    unlimited = entitlement == -1
    if entitlement is not None and entitlement < 0:
        entitlement = None
    remaining = None if unlimited else _remaining(fields, entitlement, percent)
    return Quota(
        id="premium_interactions" if name == OLD_PREMIUM else name.removeprefix(PREFIX),
        unlimited=unlimited,
        entitlement=entitlement,
        remaining=remaining,
        percent_remaining=percent,
        overage_permitted=fields.get("ovPerm") == "true",
        unit=unit,
        used=used_of(entitlement, remaining),
        resets_at=_time(fields.get("rst")),
    )


def _remaining(fields: Mapping[str, str], entitlement: float | None, percent: float | None) -> float | None:
    """What is left: as it is told, else by the percentage (older headers); what was used beyond is negative."""
    told, over = _number(fields.get("totRem")), _number(fields.get("ov")) or 0.0
    if told is None and entitlement is not None and percent is not None:
        told = entitlement * percent / 100
    return -over if told == 0 and over > 0 else told


@lru_cache(16)
def _time(text: str | None) -> float | None:
    return read_time(unquote(text)) if text else None


def _number(text: str | None) -> float | None:
    try:
        return read_number(float(text)) if text else None
    except ValueError:
        return None
