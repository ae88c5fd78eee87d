"""`passenger status`: what a running server reports of itself, its account and its requests."""

import time
from collections.abc import Iterator
from datetime import datetime

from passenger.account.copilot_user import plan_name
from passenger.chat.cost import NANO
from passenger.cli import reach
from passenger.cli.command import with_flags
from passenger.cli.outcome import complain
from passenger.cli.table import print_facts
from passenger.clients.bill import count_of
from passenger.config.invocation import Invocation
from passenger.config.login_name import login_hint
from passenger.observe.amounts import amount, premium, span, tokens
from passenger.observe.records import Totals
from passenger.quota.pauses import PausedSession
from passenger.quota.quota import Quota
from passenger.server.control.client import Found
from passenger.server.control.status import ModelCounts, ServerStatus
from passenger.server.process.exit_codes import FAILED, OK


def run(invocation: Invocation, *, as_json: bool) -> int:
    """Print the status of the server at the settings' address; exit 1 if there is none or it is not the user's."""
    found = reach.look(*reach.begin(invocation)[:2])
    status = reach.ask(found.server.status) if found.state == "ours" else None
    if as_json:
        reach.write_json(as_document(found, status))
    elif status is None:
        start = with_flags(invocation, "passenger")
        complain(reach.stranger(found) or f"no server runs at {found.server.url}; `{start}` starts one")
    else:
        print_facts(facts(status, found.server.url, time.time(), login_hint(invocation)))
    return FAILED if status is None else OK


def as_document(found: Found, status: ServerStatus | None) -> dict[str, object]:
    """The same for programs, whether or not there is a server."""
    return {
        "running": status is not None,
        "state": found.state,
        "url": found.server.url,
        "holder": found.holder,
        "server": status,
    }


def facts(status: ServerStatus, url: str, now: float, log_in: str) -> Iterator[tuple[str, str]]:
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
    yield "paused", "\n".join(_paused(one, now) for one in status.paused)


def _state(status: ServerStatus) -> str:
    return "\n".join((status.status, *(f"{what}: {why}" for what, why in status.degraded.items())))


def _account(status: ServerStatus, log_in: str) -> str:
    if not status.logged_in:
        return status.degraded.get("login") or f"nobody is logged in: {log_in}"
    if not (account := status.account) or not account.login:
        return "logged in; GitHub does not tell as whom just now"
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


def _spent(totals: Totals) -> Iterator[str]:
    """What it cost, each unit for itself."""
    if totals.nano_credits:
        yield amount(totals.nano_credits / NANO)
    if totals.premium_thousandths:
        yield premium(totals.premium_thousandths / 1000)
    if totals.unpriced:
        yield f"{count_of(totals.unpriced, 'request')} of unknown cost"


def _paused(one: PausedSession, now: float) -> str:
    """A session that the breaker has paused."""
    named = f" ({one.client})" if one.client else ""
    return f"session {one.session}{named} of {one.who}, for {span(max(0, one.until - now))}: {one.why}"


def _requests(totals: Totals) -> str:
    if not totals.requests:
        return "none so far"
    parts = [f"{totals.requests:,} so far" + (f", {totals.failed:,} of them failed" if totals.failed else "")]
    if totals.input:
        cached = f" ({100 * totals.cached / totals.input:.0f} % cached)" if totals.cached else ""
        parts.append(f"{tokens(totals.input)} tokens in{cached}, {tokens(totals.output)} out")
    parts += _spent(totals)
    return "\n".join(parts)
