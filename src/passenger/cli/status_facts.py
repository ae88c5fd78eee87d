"""What is shown of a running server, from what it tells of itself."""

from collections.abc import Iterator
from datetime import datetime

from passenger.control.amounts import span, tokens
from passenger.control.money import amount
from passenger.control.plans import plan_name
from passenger.control.records import Totals
from passenger.control.status import Account, ModelCounts, Quota, Status

NANO = 1e9


def facts(status: Status, url: str, now: float, log_in: str) -> Iterator[tuple[str, str]]:
    """Titles and what belongs to them; `log_in` says what to do without a login."""
    workers = f", {status.workers} workers" if status.workers > 1 else ""
    yield "Passenger", f"{status.version} at {url} (process {status.pid}{workers})"
    since = datetime.fromtimestamp(status.started).astimezone().strftime("%Y-%m-%d %H:%M")
    yield "running since", f"{since}, for {span(now - status.started)}"
    yield "state", _state(status)
    yield "account", _account(status, log_in)
    yield "quota", "\n".join(map(_quota, status.account.quotas)) if status.account else ""
    yield "renews", (status.account.renews or "") if status.account else ""
    yield "models", _models(status.models) if status.models else ""
    yield "API key", "needed" if status.needs_key else "none needed"
    yield "requests", _requests(status.requests)


def _state(status: Status) -> str:
    return "\n".join((status.status, *(f"{what}: {why}" for what, why in status.degraded.items())))


def _account(status: Status, log_in: str) -> str:
    if not status.logged_in:
        return status.degraded.get("login") or f"nobody is logged in: {log_in}"
    return _whose(status.account) if status.account else "logged in; GitHub does not tell as whom just now"


def _whose(account: Account) -> str:
    return ", ".join(filter(None, (account.login, plan_name(account.plan), account.sku)))


def _quota(quota: Quota) -> str:
    name = quota.id.replace("_", " ")
    unit = " credits" if quota.in_credits else ""
    if quota.unlimited:
        return f"{name}: unlimited"
    if quota.remaining is None or quota.entitlement is None:
        return f"{name}: " + ("unknown" if quota.percent_remaining is None else f"{quota.percent_remaining:g} % left")
    if quota.remaining < 0:
        return f"{name}: {-quota.remaining:,g}{unit} more than the {quota.entitlement:,g} there are"
    share = "" if quota.percent_remaining is None else f" ({quota.percent_remaining:g} %)"
    return f"{name}: {quota.remaining:,g} of {quota.entitlement:,g}{unit} left{share}"


def _models(counts: ModelCounts) -> str:
    hidden = f", {counts.hidden} hidden by policy" if counts.hidden else ""
    return f"{counts.chat} to chat with, {counts.embeddings} for embeddings{hidden}"


def _requests(totals: Totals) -> str:
    if not totals.requests:
        return "none so far"
    parts = [f"{totals.requests:,} so far" + (f", {totals.failed:,} of them failed" if totals.failed else "")]
    if totals.input:
        cached = f" ({100 * totals.cached / totals.input:.0f} % cached)" if totals.cached else ""
        parts.append(f"{tokens(totals.input)} tokens in{cached}, {tokens(totals.output)} out")
    if totals.nano_credits:
        parts.append(amount(totals.nano_credits / NANO))
    return "\n".join(parts)
