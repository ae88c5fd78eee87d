"""The quota as GitHub's answer about the seat tells it (`GET /copilot_internal/user`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from passenger.account.protocol import LATEST, CopilotUser
from passenger.quota.quota import Quota, QuotaUnit, read_number, used_of


def read_snapshots(seat: CopilotUser) -> Sequence[Quota]:
    """The seat's counters; those of an unknown shape are left out."""
    return list(_snapshot_quotas(seat)) or list(_free_plan_quotas(seat))


def _snapshot_quotas(seat: CopilotUser) -> Iterator[Quota]:
    """The counters, without those that a plan says it does not have."""
    resets_at = read_time(seat.quota_reset_date_utc) or read_time(seat.quota_reset_date)
    for name, snapshot in _table(seat.quota_snapshots).items():
        if isinstance(snapshot, dict) and snapshot.get("has_quota") is not False:
            in_credits = (snapshot.get("token_based_billing"), seat.token_based_billing)
            yield _quota(name, snapshot, unit_of(name, *in_credits), resets_at)


def _quota(name: str, snapshot: Mapping[str, object], unit: QuotaUnit, resets_at: float | None) -> Quota:
    entitlement = read_number(snapshot.get("entitlement"))
    remaining = _first_number(snapshot, "quota_remaining", "remaining")
    unlimited = snapshot.get("unlimited") is True
    used = read_number(snapshot.get("credits_used")) if unit == "credits" else None
    return Quota(
        id=name,
        unlimited=unlimited,
        entitlement=entitlement,
        remaining=remaining,
        percent_remaining=read_number(snapshot.get("percent_remaining")),
        overage_permitted=snapshot.get("overage_permitted") is True,
        unit=unit,
        used=used_of(entitlement, remaining) if used is None and not unlimited else used,
        resets_at=read_time(snapshot.get("quota_reset_at")) or resets_at,
    )


def unit_of(name: str, its_billing: object, seats_billing: object) -> QuotaUnit:
    """What a counter counts. The seat's `token_based_billing` is about what is billed: the premium counter."""
    is_premium = name.startswith("premium")
    if its_billing is True or (is_premium and seats_billing is True and its_billing is None):
        return "credits"
    return "premium_requests" if is_premium else "requests"


def _free_plan_quotas(seat: CopilotUser) -> Iterator[Quota]:
    """The counters of the free plan in its old form, which tells what is left and what there was."""
    given, resets_at = _table(seat.monthly_quotas), read_time(seat.limited_user_reset_date)
    for name, value in _table(seat.limited_user_quotas).items():
        remaining, entitlement = read_number(value), read_number(given.get(name))
        if remaining is not None:
            yield Quota(
                name,
                entitlement=entitlement,
                remaining=remaining,
                percent_remaining=round(100 * remaining / entitlement, 1) if entitlement else None,
                unit="requests",
                used=used_of(entitlement, remaining),
                resets_at=resets_at,
            )


def read_time(value: object) -> float | None:
    """Unix seconds of a date or a time, which are UTC unless they say otherwise; None for what is neither."""
    try:
        moment = datetime.fromisoformat(value[:40]) if isinstance(value, str) else None
        seconds = 0.0 if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < LATEST else None


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _first_number(table: Mapping[str, object], *names: str) -> float | None:
    return next((found for name in names if (found := read_number(table.get(name))) is not None), None)
