"""What a person at a terminal sees once the server listens: whose seat, what is left, which address is for whom.

It is printed when GitHub has told, or has not within some seconds; what it does not tell is left out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TextIO

from passenger.account.copilot_user import plan_name
from passenger.copilot.model_cards import ModelCard, cards_of
from passenger.errors import Failure
from passenger.gateway import Seat
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount, account_of

log = logging.getLogger(__name__)

PATIENCE = 4.0
"""Seconds that the panel waits for GitHub."""

WIDTH = 78

LONGEST = 44
"""Characters of what there is to type, that leave room for what it is for."""

PanelRow = tuple[str, str]
ShowPanel = Callable[[Seat], Awaitable[None]]
"""Prints the panel of a server that has begun to listen."""


@dataclass(frozen=True)
class Panel:
    """What is known when the server begins to listen; the `url` is without `/v1`."""

    title: str
    url: str
    key: str
    """What clients must show."""
    steps: Sequence[PanelRow]
    """What to do next, and what that is for."""
    ollama: str | None = None
    """The second address, for programs that know Ollama's own alone."""

    def addresses(self) -> Iterator[PanelRow]:
        """Each base URL, and what it is for."""
        yield f"{self.url}/v1", "OpenAI's API: Codex, editors, libraries"
        yield self.url, "Anthropic's and Google's APIs, Ollama's too"
        if self.ollama is not None:
            yield self.ollama, "programs that know Ollama's own port alone"


@dataclass(frozen=True)
class Told:
    """What GitHub has said of the account."""

    account: SeatAccount | None = None
    models: str | None = None
    logged_in: bool = True


def make_show(panel: Panel, stream: TextIO, *, color: bool) -> ShowPanel:
    """Print a panel to a stream once its facts are there; whatever goes wrong costs the panel alone."""

    async def show(seat: Seat) -> None:
        try:
            told = await told_of(seat)
            await asyncio.to_thread(render, panel, told, stream, color=color)
        except Exception:
            log.debug("the panel cannot be shown", exc_info=True)

    return show


async def told_of(seat: Seat) -> Told:
    """What GitHub says of the account within some seconds."""
    with suppress(Failure):
        if not seat.is_usable():
            return Told(logged_in=False)
    account, models = await asyncio.gather(seat.told(PATIENCE), _models(seat))
    return Told(account_of(account) if account else None, models)


async def _models(seat: Seat) -> str | None:
    with suppress(Failure, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            catalog = await seat.models()
            return _count_models(cards_of(catalog.models.values(), {}, catalog.find))
    return None


def _count_models(cards: Sequence[ModelCard]) -> str:
    """How many models of each kind there are, and how many a policy hides."""
    usable = [card for card in cards if not card.is_hidden]
    chat, embed = sum(card.is_chat for card in usable), sum(card.kind == "embeddings" for card in usable)
    hidden = sum(card.is_hidden for card in cards)
    parts = [
        f"{chat} to chat with",
        f"{embed} for embeddings" if embed else "",
        f"{hidden} off by policy" if hidden else "",
    ]
    return ", ".join(filter(None, parts))


# --- the words ---------------------------------------------------------------------------------------------------


def facts(told: Told) -> Iterator[PanelRow]:
    """What is known of the account, a name and its value each."""
    if not told.logged_in:
        yield "Account", "nobody is logged in yet: open the page below"
        return
    account = told.account or SeatAccount()
    if who := ", ".join(filter(None, (account.login, plan_name(account.plan)))):
        yield "Account", who
    if told.models:
        yield "Models", told.models
    if left := [text for quota in account.quotas if (text := _left(quota))]:
        yield "Left", ", ".join(left) + _renewal(account.renews)


def _left(quota: Quota) -> str | None:
    """What is left of a quota; None if it is unlimited, or of code completions, which we do not serve."""
    if quota.id == "completions" or quota.unlimited or not quota.entitlement or quota.remaining is None:
        return None
    unit = "AI credits" if quota.in_credits else _UNITS.get(quota.id, quota.id.replace("_", " "))
    return f"{_amount(max(0.0, quota.remaining))} of {_amount(quota.entitlement)} {unit}"


_UNITS = {"premium_interactions": "premium requests", "chat": "chat messages"}


def _amount(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _renewal(day: str | None) -> str:
    if day is None:
        return ""
    when = date.fromisoformat(day)
    return f"; renews {when.day} {when:%B %Y}"


# --- the picture -------------------------------------------------------------------------------------------------


def render(panel: Panel, told: Told, stream: TextIO, *, color: bool) -> None:
    """Print it, no wider than the terminal."""
    from rich.console import Console, Group, RenderableType  # noqa: PLC0415 - only a terminal needs it
    from rich.panel import Panel as Frame  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    console = Console(file=stream, highlight=False, no_color=not color, soft_wrap=False)

    def grid(rows: Sequence[PanelRow], left: str, right: str) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for first, second in rows:
            table.add_row(Text(first, style=left), Text(second, style=right))
        return table

    def list_rows(rows: Sequence[PanelRow], left: str, right: str) -> RenderableType:
        """In two columns, or one below the other where a line to type is too long for that."""
        if max(len(first) for first, _ in rows) <= LONGEST:
            return grid(rows, left, right)
        return Group(*(Text(f"{first}\n", left).append(f"  {second}", right) for first, second in rows))

    known = [*facts(told), ("API key", panel.key)]
    parts: list[RenderableType] = [
        grid(known, "dim", ""),
        Text(),
        grid([*panel.addresses()], "bold", "dim"),
        Text(),
        list_rows(panel.steps, "bold cyan", "dim"),
    ]
    width = min(WIDTH, console.width)
    console.print(Frame(Group(*parts), title=panel.title, title_align="left", width=width, padding=(1, 2)))
