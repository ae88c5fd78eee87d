"""The models of a client if none is named: one of middling price that suits it, and a cheap one."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from passenger.clients.plan import FAMILIES, Client
from passenger.config.schema import ClientsSettings
from passenger.copilot.model_cards import SETTINGS_PAGE, ModelCard

PROMPT, OUTPUT = 100_000, 16_000
"""Tokens, if Copilot's list does not say."""


def prompt_limit(card: ModelCard) -> int:
    """The tokens that a prompt may have: less than the context, which is what clients believe it to be."""
    return card.prompt or card.context or PROMPT


def output_limit(card: ModelCard) -> int:
    """The tokens that an answer may have."""
    return card.output or OUTPUT


def is_claude(card: ModelCard) -> bool:
    """Whether it is one of Anthropic's."""
    return card.id.startswith("claude")


_VERSION = re.compile(r"-(\d{1,2})(?:[.-](\d{1,2}))?(?![\d.]*[a-z])")

LARGE_ENOUGH = 100_000
"""Tokens of a prompt that an agent's small jobs may need."""


class NoModelError(Exception):
    """No model of the account is what was asked for; the message names the nearest."""


@dataclass(frozen=True, slots=True)
class WantedModel:
    """A model named on the command line or in the settings."""

    name: str
    where: str = ""
    """The setting that has it; empty where it was typed."""


def wanted_model(client: Client, typed: str | None, models: Mapping[str, str], key: str) -> WantedModel | None:
    """What was typed, else what the settings of that key have for the client."""
    if typed:
        return WantedModel(typed)
    return WantedModel(models[client.name], f"[clients.{client.name}] {key}: ") if client.name in models else None


def choose_models(
    cards: Sequence[ModelCard], client: Client, named: ClientsSettings, model: str | None, small: str | None
) -> tuple[ModelCard, ModelCard]:
    """The two models for a client: those that were typed, else those of the settings, else those that suit it.

    Raises:
        NoModelError: there is none of that name, or none that chats.
    """
    wanted = wanted_model(client, model, named.model, "model")
    return choose(cards, client, wanted, wanted_model(client, small, named.small_model, "small_model"))


def choose(
    cards: Sequence[ModelCard], client: Client, model: WantedModel | None, small: WantedModel | None
) -> tuple[ModelCard, ModelCard]:
    """The model for the conversation, and the one for small jobs.

    Raises:
        NoModelError: there is none of that name, or none that chats.
    """
    main = _find_named(cards, model) if model else best(cards, client)
    return main, _find_named(cards, small) if small else cheap(cards, main)


def best(cards: Iterable[ModelCard], client: Client) -> ModelCard:
    """The middling model of the family that a client prefers, among those that speak its dialect if there are any.

    Raises:
        NoModelError: none chats and takes tools.
    """
    able = [card for card in cards if _is_fit(card)]
    if not able:
        raise NoModelError("this account has no model that chats and takes tools: `passenger models --all` lists them")
    speaking = [card for card in able if client.dialect_for(card) in card.dialects]
    return _middling(_prefer(speaking or able, client.prefers))


def usual(cards: Iterable[ModelCard]) -> ModelCard:
    """The model for a question without a client: the one that Copilot's own clients begin with, else a middling one.

    Raises:
        NoModelError: none chats.
    """
    able = [card for card in cards if card.is_offered]
    if not able:
        raise NoModelError("this account has no model to chat with: `passenger models --all` lists them")
    return next((card for card in able if card.default), None) or _middling(_prefer(able, FAMILIES))


def _is_fit(card: ModelCard) -> bool:
    return card.is_offered and card.tools


def _prefer(cards: Sequence[ModelCard], families: Sequence[str]) -> Sequence[ModelCard]:
    """Those of the first family that there is: no previews, nothing light, and no old generation, if it can be helped.

    A generation is the first number in a name.
    """
    kin = next(filter(None, ([card for card in cards if card.id.startswith(name)] for name in families)), cards)
    released = [card for card in kin if not card.preview] or kin
    strong = [card for card in released if card.category != "lightweight"] or released
    newest = max(version(card.id)[:1] for card in strong)
    return [card for card in strong if version(card.id)[:1] == newest]


def _middling(cards: Sequence[ModelCard]) -> ModelCard:
    """The newest of each line, and of those the one in the middle by price; the cheaper where two are there.

    A line is a name without its version: `gpt-5.3-codex` is of `gpt-codex`.
    """
    lines: dict[str, list[ModelCard]] = defaultdict(list)
    for card in cards:
        lines[_VERSION.sub("", card.id, count=1)].append(card)
    newest = [min(line, key=_by_age) for line in lines.values()]
    return sorted(newest, key=lambda card: (_cost(card), _by_age(card)))[(len(newest) - 1) // 2]


def _by_age(card: ModelCard) -> tuple[list[int], str]:
    """The newest first."""
    return [-part for part in (*version(card.id), 0, 0)[:2]], card.id


def version(name: str) -> list[int]:
    """The numbers in a model's name, as many as two: `claude-opus-4.6-1m` is 4.6."""
    found = _VERSION.search(name)
    return [int(part) for part in found.groups() if part] if found else []


def cheap(cards: Iterable[ModelCard], main: ModelCard) -> ModelCard:
    """The cheapest that an agent's small jobs can be left to: of the same maker where there is one, else of any."""
    able = [card for card in cards if _is_fit(card) and (card.prompt or LARGE_ENOUGH) >= LARGE_ENOUGH]
    # The maker is told by the name: Copilot's `vendor` may be who runs it.
    kin = [card for card in able if card.id.partition("-")[0] == main.id.partition("-")[0]]
    return min(kin or able or [main], key=_price)


def _price(card: ModelCard) -> tuple[bool, float, str]:
    """Light ones first: of an older generation even a large one may cost nothing."""
    return card.category != "lightweight", _cost(card), card.id


def _cost(card: ModelCard) -> float:
    """Credits for a million tokens of an answer; on plans that count requests, a thousand for each."""
    output = card.prices.output if card.prices else None
    return output if output is not None else 1000 * (1.0 if card.multiplier is None else card.multiplier)


def _find_named(cards: Sequence[ModelCard], one: WantedModel) -> ModelCard:
    named = (card for card in cards if _fold(one.name) in map(_fold, (card.id, card.name, *card.aliases)))
    found = next(named, None)
    if found is None:
        raise NoModelError(f"{one.where}the account has no model {one.name!r}{_nearest(one.name, cards)}")
    if not found.is_chat:
        raise NoModelError(f"{one.where}{found.id} does not chat")
    if found.is_hidden:
        raise NoModelError(f"{one.where}{found.id} is not enabled for you: see {SETTINGS_PAGE}")
    return found


def _fold(name: str) -> str:
    return re.sub(r"[ ._-]+", "-", name.casefold())


def _nearest(name: str, cards: Iterable[ModelCard]) -> str:
    chat = [card.id for card in cards if card.is_chat and not card.is_hidden]
    near = difflib.get_close_matches(name.casefold(), chat, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ": `passenger models` lists them"
