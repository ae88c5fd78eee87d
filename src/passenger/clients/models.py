"""Which models a client is given: the ones that were named, else the best that speaks its dialect and a cheap one."""

import difflib
import re
from collections.abc import Iterable, Sequence

from passenger.clients.plan import Client
from passenger.control.cards import SETTINGS_PAGE, ModelCard

FAMILIES = ("claude-opus", "claude-sonnet", "gpt", "gemini", "claude", "grok")
"""The best first, where several speak a client's dialect."""

GOOGLES = ("gemini", *FAMILIES)
"""The same for clients of Google's."""

LARGE_ENOUGH = 100_000
"""Tokens of a prompt that an agent's small jobs may need."""


class NoModelError(Exception):
    """No model of the account is what was asked for; the message names the nearest."""


def choose(cards: Sequence[ModelCard], client: Client, model: str | None, small: str | None) -> tuple[ModelCard, ...]:
    """The model for the conversation, and the one for small jobs.

    Raises:
        NoModelError: there is none of that name, or none that chats.
    """
    main = _named(cards, model) if model else best(cards, client)
    return main, _named(cards, small) if small else cheap(cards, main)


def best(cards: Iterable[ModelCard], client: Client) -> ModelCard:
    """The best model by its family, its age and its size, among those that speak the client's dialect if there are any.

    Raises:
        NoModelError: none chats and takes tools.
    """
    able = [card for card in cards if _is_fit(card)]
    speaking = [card for card in able if client.dialect_for(card) in card.dialects]
    families = GOOGLES if client.dialect == "gemini" else FAMILIES
    if not able:
        raise NoModelError("this account has no model that chats and takes tools: `passenger models --all` lists them")
    return min(speaking or able, key=lambda card: _rank(card, families))


def _is_fit(card: ModelCard) -> bool:
    return card.is_chat and card.tools and not card.is_hidden and card.picker


def _rank(card: ModelCard, families: Sequence[str]) -> tuple[object, ...]:
    family = next((place for place, name in enumerate(families) if card.id.startswith(name)), len(families))
    weight = {"powerful": 0, "versatile": 1, "lightweight": 2}.get(card.category or "", 1)
    return (
        card.preview,
        family,
        weight if card.id.startswith("gpt") else 0,
        [-part for part in (*version(card.id), 0, 0)[:2]],
        card.id,
    )


def version(name: str) -> list[int]:
    """The numbers in a model's name, as many as two: `claude-opus-4.6-1m` is 4.6."""
    found = re.search(r"-(\d{1,2})(?:[.-](\d{1,2}))?(?![\d.]*[a-z])", name)
    return [int(part) for part in found.groups() if part] if found else []


def cheap(cards: Iterable[ModelCard], main: ModelCard) -> ModelCard:
    """The cheapest that an agent's small jobs can be left to: of the same maker where there is one, else of any."""
    able = [card for card in cards if _is_fit(card) and (card.prompt or LARGE_ENOUGH) >= LARGE_ENOUGH]
    kin = [card for card in able if _maker(card) == _maker(main)]
    return min(kin or able or [main], key=_price)


def _maker(card: ModelCard) -> str:
    """Who made it, by its name: Copilot's `vendor` may be who runs it."""
    return card.id.partition("-")[0]


def _price(card: ModelCard) -> tuple[bool, float, str]:
    """Light ones first: of an older generation even a large one may cost nothing."""
    counted = card.multiplier if card.multiplier is not None else 1.0
    output = card.prices.output if card.prices else None
    return card.category != "lightweight", counted * 1000 if output is None else output, card.id


def _named(cards: Sequence[ModelCard], name: str) -> ModelCard:
    found = next((card for card in cards if _is_called(card, name)), None)
    if found is None:
        raise NoModelError(f"the account has no model {name!r}{_nearest(name, cards)}")
    if not found.is_chat:
        raise NoModelError(f"{found.id} does not chat")
    if found.is_hidden:
        raise NoModelError(f"{found.id} is not enabled for you: see {SETTINGS_PAGE}")
    return found


def _is_called(card: ModelCard, name: str) -> bool:
    return _folded(name) in {_folded(one) for one in (card.id, card.name, *card.aliases)}


def _folded(name: str) -> str:
    return re.sub(r"[ ._-]+", "-", name.casefold())


def _nearest(name: str, cards: Iterable[ModelCard]) -> str:
    chat = [card.id for card in cards if card.is_chat and not card.is_hidden]
    near = difflib.get_close_matches(name.casefold(), chat, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ": `passenger models` lists them"
