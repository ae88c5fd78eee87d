"""Whose seat it is, on which plan, and what is left of it."""

from collections.abc import Sequence

from passenger.control.account import account_of
from passenger.control.plans import plan_name
from passenger.control.status import Quota
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn
from passenger.errors import Failure, Kind

ID, QUOTA = "seat", "quota"
PAGE = "https://github.com/settings/copilot"


async def check(facts: Facts) -> Sequence[Finding]:
    """What GitHub says of the seat, and whether it gives a token for it."""
    try:
        await facts.access()
    except Failure as failure:
        if failure.kind is Kind.FORBIDDEN:
            return [fail(ID, str(failure), facts.log_in, PAGE)]
        return [skip(ID, "without a token nothing can be told")]
    try:
        seat = await facts.seat()
    except Failure as failure:
        return [warn(ID, f"there is a token, and GitHub does not say whose: {failure}", see=PAGE)]
    account = account_of(seat)
    who = f"{account.login or 'an account without a name'}, {plan_name(account.plan) or 'Copilot of an unknown plan'}"
    return [ok(ID, who), *(_quota(quota, account.renews) for quota in account.quotas if not quota.unlimited)]


def _quota(quota: Quota, renews: str | None) -> Finding:
    """A counter: what is left of it, and whether more can be had."""
    left, of = quota.remaining or 0, quota.entitlement
    text = f"{quota.id}: {left:g}{f' of {of:g}' if of else ''} left{f', until {renews}' if renews else ''}"
    if left > 0:
        return ok(QUOTA, text)
    if quota.overage_permitted:
        return warn(QUOTA, f"{text}; more is billed", see=PAGE)
    return fail(QUOTA, f"{text}; no more is given before that", "passenger models", PAGE)
