"""What the page at `/` shows, as text, made from what the server knows of itself; the template only lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from passenger.control import money
from passenger.control.cards import SETTINGS_PAGE, ModelCard
from passenger.control.plans import plan_name
from passenger.control.records import RequestRecord, Totals
from passenger.control.status import Account, Quota, Status
from passenger.web.pages import figures
from passenger.web.pages.lines import Place, Recipe, Variables, recipes, variables

SHOWN = 50
"""Requests that are shown, of those that are kept."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its name, and what it is made of."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """One of the seat's counters; `share` is what is left of it in per cent, None where it has no end."""

    name: str
    text: str
    share: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One request."""

    when: str
    moment: str
    """The same as RFC 3339 has it."""
    client: str
    asked: str
    model: str
    """The model that was meant, where the client spelled it another way."""
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
class Entry:
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
    """Input, cached and output for a million tokens, or one text of its own."""


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it."""

    version: str
    state: str
    tone: str
    who: str
    plan: str
    problems: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    meters: Sequence[Meter]
    renews: str
    recipes: Sequence[Recipe]
    variables: Sequence[Variables]
    needs_key: bool
    rows: Sequence[Row]
    more: int
    """Requests that are kept and not shown."""
    models: Sequence[Entry]
    others: Sequence[Entry]
    """Models that Copilot's own clients do not offer: older, dated, and those that do not chat."""
    hidden: Sequence[Entry]
    settings_page: str = SETTINGS_PAGE


def overview(
    status: Status, cards: Sequence[ModelCard], records: Sequence[RequestRecord], place: Place, now: float
) -> Overview:
    """The page's content at a moment."""
    state, tone = _state(status)
    account = status.account or Account()
    rows = [_row(record, now) for record in reversed(records[-SHOWN:])]
    usable = [card for card in cards if not card.is_hidden and card.kind != "completion"]
    offered = [card for card in usable if card.is_chat and card.picker] or usable
    return Overview(
        version=status.version,
        state=state,
        tone=tone,
        who=account.login or "",
        plan=plan_name(account.plan),
        problems=[(_PROBLEMS.get(name, name), text) for name, text in status.degraded.items()],
        tiles=list(_tiles(status, now)),
        meters=[_meter(quota) for quota in sorted(account.quotas, key=lambda one: one.unlimited)],
        renews=account.renews or "",
        recipes=list(recipes(place, cards)),
        variables=variables(place),
        needs_key=status.needs_key,
        rows=rows,
        more=max(0, len(records) - SHOWN),
        models=[_entry(card) for card in usable if card in offered],
        others=[_entry(card) for card in usable if card not in offered],
        hidden=[_entry(card) for card in cards if card.is_hidden],
    )


# --- the server --------------------------------------------------------------------------------------------------

_PROBLEMS = {
    "login": "Login",
    "token_refresh": "Copilot token",
    "models": "List of models",
    "api_keys": "API keys",
    "token_file": "Token file",
    "workers": "Workers",
    "draining": "Stopping",
}


def _state(status: Status) -> tuple[str, str]:
    """In a word how it is, and the tone to say it in."""
    if "draining" in status.degraded:
        return "Stopping", "bad"
    if not status.logged_in:
        return "Login needed", "bad"
    if status.degraded:
        return "Serving, degraded", "fair"
    return ("Serving", "good") if status.ready else ("Not ready", "bad")


def _tiles(status: Status, now: float) -> list[Tile]:
    totals: Totals = status.requests
    workers = f", {status.workers} workers" if status.workers > 1 else ""
    failed = f"{totals.failed:,} failed" if totals.failed else "none failed"
    spent = totals.nano_credits / 1e9
    return [
        Tile("Running for", figures.lasting(now - status.started), f"process {status.pid}{workers}"),
        Tile("Requests", f"{totals.requests:,}", failed if totals.requests else "since the start"),
        Tile("Tokens in", figures.tokens(totals.input), f"{figures.percent(totals.cached, totals.input)} from cache"),
        Tile("Tokens out", figures.tokens(totals.output), "since the start"),
        Tile("Spent", f"${money.dollars(spent)}", f"{money.number(spent)} credits"),
    ]


def _meter(quota: Quota) -> Meter:
    name = quota.id.replace("_", " ").capitalize()
    if quota.unlimited:
        return Meter(name, "unlimited")
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
    return Meter(name, text, None if share is None else max(0, min(100, round(share))))


# --- requests ----------------------------------------------------------------------------------------------------

_SAID = {"client_gone": "client left", "unfinished": "cut off"}


def _row(record: RequestRecord, now: float) -> Row:
    went_well = record.outcome == "ok"
    asked = record.asked or ""
    return Row(
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
        cost="-" if record.credits is None else f"${money.dollars(record.credits)}",
        took=figures.took(record.seconds),
        notes=list(_notes(record)),
        identity=record.id,
    )


def _ending(record: RequestRecord) -> str:
    return _SAID.get(record.outcome) or f"{record.status or ''} {record.outcome}".strip()


def _notes(record: RequestRecord) -> list[str]:
    """What was unusual about it."""
    found = [record.error_message] if record.error_message else []
    if record.dropped:
        found.append(f"dropped: {', '.join(record.dropped)}")
    if record.retries:
        found.append(f"tried again: {', '.join(record.retries)}")
    if record.lessons:
        found.append(f"learned: {', '.join(record.lessons)}")
    return found


# --- models ------------------------------------------------------------------------------------------------------


def _entry(card: ModelCard) -> Entry:
    return Entry(
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
    """A name without what does not tell two apart."""
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
