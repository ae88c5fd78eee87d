"""GitHub's answer about a seat as we tell it on: whoever's counters have an odd shape goes without them."""

from collections.abc import Iterator, Mapping
from datetime import date

from passenger.control.status import Account, Quota
from passenger.copilot.protocol import CopilotUser


def account_of(seat: CopilotUser) -> Account:
    """The account, with each counter that can be read."""
    renews = _day(seat.quota_reset_date) or _day(seat.limited_user_reset_date)
    quotas = list(_snapshots(seat.quota_snapshots)) or list(_limited(seat.limited_user_quotas, seat.monthly_quotas))
    return Account(seat.login, seat.copilot_plan, seat.access_type_sku, quotas, renews)


def _snapshots(snapshots: object) -> Iterator[Quota]:
    """The counters, without those that a plan says it does not have."""
    for name, snapshot in _table(snapshots).items():
        if isinstance(snapshot, dict) and snapshot.get("has_quota") is not False:
            yield _quota(name, snapshot)


def _quota(name: str, snapshot: Mapping[str, object]) -> Quota:
    return Quota(
        id=name,
        unlimited=snapshot.get("unlimited") is True,
        entitlement=_number(snapshot.get("entitlement")),
        remaining=_first_number(snapshot, "quota_remaining", "remaining"),
        percent_remaining=_number(snapshot.get("percent_remaining")),
        overage_permitted=snapshot.get("overage_permitted") is True,
        in_credits=snapshot.get("token_based_billing") is True,
    )


def _limited(left: object, monthly: object) -> Iterator[Quota]:
    """The counters of the free plan in its old form, which tells what is left and what there was."""
    given = _table(monthly)
    for name, value in _table(left).items():
        remaining, entitlement = _number(value), _number(given.get(name))
        if remaining is not None:
            percent = round(100 * remaining / entitlement, 1) if entitlement else None
            yield Quota(name, entitlement=entitlement, remaining=remaining, percent_remaining=percent)


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _first_number(table: Mapping[str, object], *names: str) -> float | None:
    return next((found for name in names if (found := _number(table.get(name))) is not None), None)


LARGEST = 1e15
"""More than any seat has of anything."""


def _number(value: object) -> float | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_one and abs(value) < LARGEST else None  # type: ignore[arg-type]  # it is one


def _day(value: object) -> str | None:
    """A day as `2026-12-01`, None for what is none."""
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
