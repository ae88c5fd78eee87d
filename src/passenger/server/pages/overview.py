"""The content of the page at `/` as text; the template only lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from passenger.account.copilot_user import plan_name
from passenger.chat.cost import NANO
from passenger.copilot.model_cards import SETTINGS_PAGE, ModelCard
from passenger.ledger.report import UsageSums
from passenger.ledger.usage_report import SpentTotals
from passenger.observe.amounts import credit_number, dollars, premium
from passenger.observe.records import RequestRecord, Totals
from passenger.quota.pauses import PausedSession
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount, ServerStatus
from passenger.server.pages import figures
from passenger.server.pages.client_commands import ClientCommand, PageAddress, Variables, client_commands, variables

SHOWN = 50
"""Maximum number of requests that are shown."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its name and a detail."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuotaMeter:
    """One of the seat's quotas; `share` is the percentage left, None if it is unlimited."""

    name: str
    text: str
    share: int | None = None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request."""

    when: str
    moment: str
    """The same in RFC 3339."""
    client: str
    asked: str
    model: str
    """The model that was used, if the client named it differently."""
    way: str
    tone: str
    """`good`, `bad` or `plain`."""
    status: str
    input: str
    cached: str
    output: str
    cost: str
    took: str
    notes: Sequence[str]
    identity: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model."""

    identity: str
    name: str
    marks: Sequence[str]
    aliases: Sequence[str]
    context: str
    output: str
    can: Sequence[str]
    apis: Sequence[str]
    prices: Sequence[str]
    """Prices of a million input, cached and output tokens, or one text."""


@dataclass(frozen=True, slots=True)
class PageOverview:
    """All of it."""

    version: str
    state: str
    tone: str
    who: str
    plan: str
    problems: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    meters: Sequence[QuotaMeter]
    renews: str
    client_commands: Sequence[ClientCommand]
    variables: Sequence[Variables]
    needs_key: bool
    rows: Sequence[RequestRow]
    more: int
    """Requests that are kept and not shown."""
    models: Sequence[ModelEntry]
    others: Sequence[ModelEntry]
    """Models that Copilot's own clients do not offer: older ones, and those that do not chat."""
    hidden: Sequence[ModelEntry]
    settings_page: str = SETTINGS_PAGE
    paused: Sequence[tuple[str, str, str]] = ()
    """Sessions that the breaker has paused, each with the reason, and with who asked and the client's name for it."""


def overview(
    status: ServerStatus,
    cards: Sequence[ModelCard],
    records: Sequence[RequestRecord],
    place: PageAddress,
    now: float,
    *,
    spent: SpentTotals | None = None,
) -> PageOverview:
    """The page's content at a moment; `spent` is what the ledger has, if it has something."""
    state, tone = _state(status)
    account = status.account or SeatAccount()
    rows = [_row(record, now) for record in reversed(records[-SHOWN:])]
    usable = [card for card in cards if not card.is_hidden and card.kind != "completion"]
    offered = [card for card in usable if card.is_chat and card.picker] or usable
    return PageOverview(
        version=status.version,
        state=state,
        tone=tone,
        who=account.login or "",
        plan=plan_name(account.plan),
        problems=[(_PROBLEMS.get(name, name), text) for name, text in status.degraded.items()],
        tiles=[*_tiles(status, now), *(_spent(spent) if spent else [_spent_since_start(status.requests)])],
        meters=[_meter(quota) for quota in sorted(account.quotas, key=lambda one: one.unlimited)],
        renews=account.renews or "",
        client_commands=list(client_commands(place, cards)),
        variables=variables(place),
        needs_key=status.needs_key,
        rows=rows,
        more=max(0, len(records) - SHOWN),
        models=[_entry(card) for card in usable if card in offered],
        others=[_entry(card) for card in usable if card not in offered],
        hidden=[_entry(card) for card in cards if card.is_hidden],
        paused=[_paused(one, now) for one in status.paused],
    )


# --- the server ------------------------------------------------------------------------------------------------------


def _paused(one: PausedSession, now: float) -> tuple[str, str, str]:
    """A session that the breaker has paused, the reason, and who asked."""
    why = f"{one.why}; paused for {figures.lasting(max(0, one.until - now))}"
    return one.session, why, f"{one.who}, session {one.client}" if one.client else one.who


_PROBLEMS = {
    "login": "Login",
    "token_refresh": "Copilot token",
    "models": "List of models",
    "api_keys": "API keys",
    "token_file": "Token file",
    "workers": "Workers",
    "draining": "Stopping",
}


def _state(status: ServerStatus) -> tuple[str, str]:
    """The server's state in a word, and its tone."""
    if "draining" in status.degraded:
        return "Stopping", "bad"
    if not status.logged_in:
        return "Login needed", "bad"
    if status.degraded:
        return "Serving, degraded", "fair"
    return ("Serving", "good") if status.ready else ("Not ready", "bad")


def _tiles(status: ServerStatus, now: float) -> list[Tile]:
    totals: Totals = status.requests
    workers = f", {status.workers} workers" if status.workers > 1 else ""
    failed = f"{totals.failed:,} failed" if totals.failed else "none failed"
    return [
        Tile("Running for", figures.lasting(now - status.started), f"process {status.pid}{workers}"),
        Tile("Requests", f"{totals.requests:,}", failed if totals.requests else "since the start"),
        Tile("Tokens in", figures.tokens(totals.input), f"{figures.percent(totals.cached, totals.input)} from cache"),
        Tile("Tokens out", figures.tokens(totals.output), "since the start"),
    ]


def _spent_since_start(totals: Totals) -> Tile:
    spent, premium_requests = totals.nano_credits / NANO, totals.premium_thousandths / 1000
    if spent or not premium_requests:
        return Tile("Spent", f"${dollars(spent)}", f"{credit_number(spent)} credits")
    return Tile("Spent", f"{premium_requests:,g}", "premium requests")


def _spent(spent: SpentTotals) -> list[Tile]:
    """What the ledger has of today and of this month, whichever process wrote it."""
    return [_spent_in("Today (UTC)", spent.today), _spent_in("This month", spent.month)]


def _spent_in(name: str, sums: UsageSums) -> Tile:
    told = [f"{sums.requests:,} request{'' if sums.requests == 1 else 's'}"]
    if sums.unpriced:
        told.append(f"{sums.unpriced:,} of unknown cost")
    if not sums.premium_thousandths:
        return Tile(name, f"${dollars(sums.credits)}", ", ".join(told))
    if not sums.nano_credits:
        return Tile(name, f"{sums.premium_requests:,g}", ", ".join(("premium requests", *told)))
    return Tile(name, f"${dollars(sums.credits)}", ", ".join((f"and {premium(sums.premium_requests)}", *told)))


def _meter(quota: Quota) -> QuotaMeter:
    name = quota.id.replace("_", " ").capitalize()
    if quota.unlimited:
        return QuotaMeter(name, "unlimited")
    share = quota.percent_remaining
    if share is None and quota.entitlement and quota.remaining is not None:
        share = 100 * quota.remaining / quota.entitlement
    if quota.remaining is not None and quota.remaining < 0:
        text = f"{-quota.remaining:,.0f} over"
    elif quota.remaining is not None and quota.entitlement is not None:
        unit = " credits" if quota.in_credits else ""
        text = f"{quota.remaining:,.0f} of {quota.entitlement:,.0f}{unit} left"
    else:
        text = "not told" if share is None else f"{share:.0f} % left"
    return QuotaMeter(name, text, None if share is None else max(0, min(100, round(share))))


# --- requests --------------------------------------------------------------------------------------------------------

_SAID = {"client_gone": "client left", "unfinished": "cut off"}


def _row(record: RequestRecord, now: float) -> RequestRow:
    went_well = record.outcome == "ok"
    asked = record.asked or ""
    return RequestRow(
        when=figures.ago(now - record.ended),
        moment=datetime.fromtimestamp(record.ended, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        client=record.client or "unknown",
        asked=asked or record.path,
        model=record.model if record.model and record.model != asked else "",
        way=" · ".join(part for part in (record.mode, record.dialect) if part),
        tone="good" if went_well else "plain" if record.outcome == "client_gone" else "bad",
        status=str(record.status) if went_well or not record.outcome else _ending(record),
        input=figures.tokens(record.input),
        cached=figures.percent(record.cached, record.input) if record.cached and record.input else "",
        output=figures.tokens(record.output),
        cost=_cost(record),
        took=figures.took(record.seconds),
        notes=list(_notes(record)),
        identity=record.id,
    )


def _cost(record: RequestRecord) -> str:
    if record.credits is not None:
        return f"${dollars(record.credits)}"
    return "-" if record.premium_requests is None else f"{record.premium_requests:g} req"


def _ending(record: RequestRecord) -> str:
    return _SAID.get(record.outcome) or f"{record.status or ''} {record.outcome}".strip()


def _notes(record: RequestRecord) -> list[str]:
    """What was unusual about a request."""
    found = [record.error_message] if record.error_message else []
    if record.dropped:
        found.append(f"dropped: {', '.join(record.dropped)}")
    if record.retries:
        found.append(f"tried again: {', '.join(record.retries)}")
    if record.lessons:
        found.append(f"learned: {', '.join(record.lessons)}")
    return found


# --- models ----------------------------------------------------------------------------------------------------------


def _entry(card: ModelCard) -> ModelEntry:
    return ModelEntry(
        identity=card.id,
        name="" if _plain(card.name) == _plain(card.id) else card.name,
        marks=list(_marks(card)),
        aliases=card.aliases,
        context=figures.tokens(card.context),
        output=figures.tokens(card.output),
        can=list(_abilities(card)),
        apis=card.dialects,
        prices=_prices(card),
    )


def _plain(text: str) -> str:
    """A name reduced to letters and digits."""
    return "".join(filter(str.isalnum, text.casefold()))


def _marks(card: ModelCard) -> list[str]:
    marks = {"preview": card.preview, "embeddings": card.kind == "embeddings", card.policy or "": card.is_hidden}
    return [name for name, holds in marks.items() if holds]


def _abilities(card: ModelCard) -> list[str]:
    ends = list(dict.fromkeys((*card.efforts[:1], *card.efforts[-1:])))
    efforts = f"effort {' to '.join(ends)}" if ends else "thinking"
    abilities = {"tools": card.tools, "vision": card.vision, efforts: bool(ends) or card.thinks}
    return [name for name, holds in abilities.items() if holds]


def _prices(card: ModelCard) -> list[str]:
    if card.prices is not None:
        return [figures.price(one) for one in (card.prices.input, card.prices.cached, card.prices.output)]
    return ["-"] if card.multiplier is None else [figures.multiplier(card.multiplier)]
