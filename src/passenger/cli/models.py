"""`passenger models`: the models of the account, from a running server of the user's or from Copilot itself."""

import difflib
from collections.abc import Iterator, Sequence
from itertools import groupby

from passenger.account.principal import ANYONE
from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.cli.table import Column, print_facts, print_prose, print_table
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.copilot.model_cards import SETTINGS_PAGE, ModelCard, ModelList, Prices, cards_of
from passenger.observe.amounts import dollars, tokens
from passenger.observe.redaction import Redactor
from passenger.server.process.exit_codes import OK, USAGE

COLUMNS = (
    Column("model"),
    Column("context", is_number=True),
    Column("output", is_number=True),
    Column("vision"),
    Column("tools"),
    Column("efforts"),
    Column("APIs"),
    Column("$ in/out", is_number=True),
)

LETTERS = {"completions": "C", "responses": "R", "messages": "M"}
LEGEND = "At Copilot: C Chat Completions, R Responses, M Messages. $ per million tokens."

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_YES = {True: "yes", False: "-"}


# --- which -------------------------------------------------------------------------------------------------------


def find_named(cards: Sequence[ModelCard], name: str) -> list[ModelCard]:
    """The model of that name or alias, else those whose names have it in them."""
    wanted = _fold(name)
    exact = [card for card in cards if wanted in map(_fold, (card.id, *card.aliases))]
    return exact or [card for card in cards if wanted in _fold(f"{card.id} {card.name}")]


def nearest(cards: Sequence[ModelCard], name: str) -> list[str]:
    """The known names nearest to an unknown one."""
    names = {_fold(one): one for card in cards for one in (card.id, *card.aliases)}
    return [names[found] for found in difflib.get_close_matches(_fold(name[:100]), names, 3, 0.5)]


def _fold(name: str) -> str:
    """A name without the differences that clients make: case, and dots or dashes in versions."""
    return name.strip().casefold().replace(".", "-")


# --- rows --------------------------------------------------------------------------------------------------------


def row_of(card: ModelCard) -> tuple[str, ...]:
    """A model's row."""
    return (
        card.id,
        _size(card.context),
        _size(card.output),
        _YES[card.vision],
        _YES[card.tools],
        efforts(card.efforts) or "-",
        "".join(LETTERS.get(name, "") for name in card.dialects) if card.is_chat else card.kind,
        price(card),
    )


def efforts(levels: Sequence[str]) -> str:
    """Levels of effort, three or more in a row by the first and the last: `low-high max`."""
    known = [level for level in _EFFORTS if level in levels]
    runs = (list(run) for _, run in groupby(known, lambda level: _EFFORTS.index(level) - known.index(level)))
    parts = (f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs)
    return " ".join((*parts, *(level for level in levels if level not in _EFFORTS)))


def price(card: ModelCard) -> str:
    """Dollars for a million tokens, or that it is free, as far as the list says."""
    if (prices := card.prices) is not None and prices.input is not None and prices.output is not None:
        return f"{_short(prices.input)}/{_short(prices.output)}"
    if card.multiplier is None:
        return "-"
    return "included" if card.multiplier == 0 else f"{card.multiplier:g}x"


def _short(price_in_credits: float) -> str:
    return dollars(price_in_credits).removesuffix(".00")


def _size(count: int | None) -> str:
    return "-" if count is None else tokens(count)


# --- below the table ---------------------------------------------------------------------------------------------


def notes(cards: Sequence[ModelCard], shown: Sequence[ModelCard]) -> Iterator[str]:
    """What the rows do not say: names of the user's own, what a policy hides, what is not shown."""
    yield LEGEND
    if aliases := [f"{alias} = {card.id}" for card in cards for alias in card.aliases]:
        yield f"Your names: {', '.join(aliases)}."
    if hidden := [f"{card.id} ({card.policy})" for card in cards if card.is_hidden]:
        yield f"Hidden by policy: {', '.join(hidden)}. To change that: {SETTINGS_PAGE}"
    if left_out := [card for card in cards if card not in shown and not card.is_hidden]:
        yield f"Not shown: {_count_kinds(left_out)}; --all shows them."


def _count_kinds(cards: Sequence[ModelCard]) -> str:
    counts = {
        "that Copilot's own clients do not offer": sum(card.is_chat for card in cards),
        "for embeddings": sum(card.kind == "embeddings" for card in cards),
        "for completions": sum(card.kind == "completion" for card in cards),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


# --- one of them -------------------------------------------------------------------------------------------------


def facts_of(card: ModelCard) -> Iterator[tuple[str, str]]:
    """All there is to know of one model, by title."""
    yield "model", card.id
    yield "name", f"{card.name}, by {card.vendor}" + (" (preview)" if card.preview else "")
    yield "your names", ", ".join(card.aliases)
    yield "kind", card.kind if card.category is None else f"{card.kind}, {card.category}"
    yield "context", _exactly(card.context)
    yield "prompt", _exactly(card.prompt)
    yield "output", _exactly(card.output)
    abilities = {"see pictures": card.vision, "call tools": card.tools, "think": card.thinks}
    yield "can", ", ".join(what for what, can in abilities.items() if can)
    yield "efforts", ", ".join(card.efforts)
    yield "APIs", ", ".join(card.endpoints)
    yield "per million", _prices(card.prices) if card.prices else ""
    yield "premium", _premium(card)
    yield "policy", _policy(card)


def _exactly(count: int | None) -> str:
    return "" if count is None else f"{count:,} tokens"


def _prices(prices: Prices) -> str:
    cache = {"in from the cache": prices.cached, "into the cache": prices.written}
    named_prices = {"in": prices.input, **cache, "out": prices.output}
    return ", ".join(f"${_short(each)} {what}" for what, each in named_prices.items() if each is not None)


def _premium(card: ModelCard) -> str:
    match card.multiplier:
        case None:
            return ""
        case 0:
            return "counts as none, on plans that count premium requests"
        case times:
            return f"counts as {times:g} premium request{'' if times == 1 else 's'}, on plans that count those"


def _policy(card: ModelCard) -> str:
    if card.is_hidden:
        return f"{card.policy}: it cannot be asked; turn it on at {SETTINGS_PAGE}"
    return card.policy or ""


def run(invocation: Invocation, *, name: str | None, as_json: bool, every: bool) -> int:
    """Show the models: those to choose, `every` one, or those of a name; exit 2 where no model has it."""
    cards = cards_at_hand(*reach.begin(invocation))
    shown = find_named(cards, name) if name else [card for card in cards if every or card.is_offered]
    if name and not shown:
        near = nearest(cards, name)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        return complain(f"no model has the name {name!r}{hint}", USAGE)
    if as_json:
        reach.write_json(ModelList(shown))
    elif name and len(shown) == 1:
        print_facts(facts_of(shown[0]))
    else:
        print_table(COLUMNS, [row_of(card) for card in shown])
        if not name:
            print_prose(["", *notes(cards, shown)])
    return OK


def cards_at_hand(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> Sequence[ModelCard]:
    """The models as a running server has them, else as Copilot lists them now.

    Raises:
        Failure: neither gives a list.
    """
    found = reach.look(invocation, loaded)
    if found.state == "ours":
        return reach.ask(found.server.models)
    reach.warn_of_stranger(found)
    from passenger.cli.ask.in_process import own_gateway  # noqa: PLC0415 - half a second that a server saves us
    from passenger.server.process.event_loop import run_loop  # noqa: PLC0415 - see above

    async def fetch() -> Sequence[ModelCard]:
        async with own_gateway(invocation, loaded, redactor) as gateway:
            catalog = await gateway.models(ANYONE)
        return cards_of(catalog.models.values(), catalog.aliases, catalog.find)

    return run_loop(fetch())
