"""The models that can be asked, those that a policy hides, and names of the user's own that lead nowhere."""

import difflib
from collections.abc import Iterator, Sequence

from passenger.control.amounts import listed
from passenger.control.cards import SETTINGS_PAGE, cards_of
from passenger.copilot.models import Catalog
from passenger.doctor.facts import Facts
from passenger.doctor.finding import STATUS, Finding, edit, fail, ok, skip, warn
from passenger.errors import Failure

MODELS, POLICIES, ALIASES = "models", "policies", "aliases"
ALL = "passenger models --all"
MOST_NAMED = 6


async def check(facts: Facts) -> Sequence[Finding]:
    """All three, from one list."""
    try:
        await facts.access()
    except Failure:
        return [skip(name, "without a token nothing can be told") for name in (MODELS, POLICIES, ALIASES)]
    try:
        catalog = await facts.catalog()
    except Failure as failure:
        found = fail(MODELS, f"the list of models cannot be had: {failure}", see=STATUS)
        return [found, *(skip(name, "without a list nothing can be told") for name in (POLICIES, ALIASES))]
    return [*_listed(catalog), *_aliases(facts, catalog)]


def _listed(catalog: Catalog) -> Iterator[Finding]:
    cards = [card for card in cards_of(catalog.models.values(), {}, catalog.find) if card.is_chat]
    hidden = [card.name for card in cards if card.is_hidden]
    usable = len(cards) - len(hidden)
    if usable:
        yield ok(MODELS, f"{usable} chat models")
    else:
        yield fail(MODELS, "there is no chat model that this account may ask", ALL, SETTINGS_PAGE)
    if hidden:
        text = f"a policy hides {listed(hidden, MOST_NAMED)}; who manages the seat can turn them on"
        yield warn(POLICIES, text, ALL, SETTINGS_PAGE)
    else:
        yield ok(POLICIES, "no policy hides a model")


def _aliases(facts: Facts, catalog: Catalog) -> Iterator[Finding]:
    aliases = facts.loaded.config.models.aliases
    dead = {alias: target for alias, target in aliases.items() if catalog.find(target) is None}
    for alias, target in dead.items():
        near = difflib.get_close_matches(target, catalog.models, n=1, cutoff=0.5)
        nearest = f"; the nearest is {near[0]}" if near else ""
        origin = facts.loaded.origins[f"models.aliases.{alias}"]
        yield warn(
            ALIASES, f"{alias} means {target}, which is no model of yours ({origin}){nearest}", edit(origin, ALL)
        )
    if not dead:
        yield ok(ALIASES, f"{len(aliases)} names of your own, each of a model" if aliases else "no names of your own")
