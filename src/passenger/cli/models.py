"""`passenger models`: the models of the account, from a running server of the user's or from Copilot itself."""

from collections.abc import Sequence

import click

from passenger.account.principal import ANYONE
from passenger.cli import reach
from passenger.cli.exits import OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.models_table import COLUMNS, facts, named, nearest, notes, row_of
from passenger.cli.table import print_facts, print_prose, print_table
from passenger.config import Loaded
from passenger.control.cards import ModelCard, ModelList, cards_of
from passenger.log import Redactor


def run(invocation: Invocation, *, name: str | None, as_json: bool, every: bool) -> int:
    """Show the models: those to choose, `every` one, or those of a name; exit 2 where no model has it."""
    cards = cards_at_hand(*reach.begin(invocation))
    shown = named(cards, name) if name else [card for card in cards if every or card.is_offered]
    if name and not shown:
        click.echo(f"passenger: {_unknown(cards, name)}", err=True)
        return USAGE
    if as_json:
        reach.write_json(ModelList(shown))
    elif name and len(shown) == 1:
        print_facts(facts(shown[0]))
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
    from passenger.cli.in_process import own_gateway  # noqa: PLC0415 - half a second that a server saves us
    from passenger.cli.parts import run as run_loop  # noqa: PLC0415 - see above

    async def fetch() -> Sequence[ModelCard]:
        async with own_gateway(invocation, loaded, redactor) as gateway:
            catalog = await gateway.models(ANYONE)
        return cards_of(catalog.models.values(), catalog.aliases, catalog.find)

    return run_loop(fetch())


def _unknown(cards: Sequence[ModelCard], name: str) -> str:
    near = nearest(cards, name)
    return f"no model has the name {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
