"""Checks of the account: the login, its Copilot token, the seat and its quota, the models and their names."""

import difflib
from collections.abc import Iterator, Sequence

from passenger.account.copilot_user import plan_name
from passenger.account.protocol import why_unusable
from passenger.account.token import Login, LoginSource
from passenger.cli.doctor.facts import Facts
from passenger.cli.doctor.findings import STATUS, Finding, edit, fail, ok, skip, warn
from passenger.copilot.catalog import Catalog
from passenger.copilot.model_cards import SETTINGS_PAGE, cards_of
from passenger.errors import Failure, Kind
from passenger.observe.amounts import join_names
from passenger.quota.quota import Quota
from passenger.server.control.status import account_of

LOGIN, TOKEN = "login", "token"


async def check_login(facts: Facts) -> Sequence[Finding]:
    """The login, then the token."""
    login = await _login(facts)
    return [login, await _token(facts) if login.state == "ok" else skip(TOKEN, "there is no login to get one with")]


async def _login(facts: Facts) -> Finding:
    try:
        login = await facts.login()
    except Failure as failure:
        return fail(LOGIN, str(failure), facts.log_in)
    if login is None:
        return await _without_login(facts)
    if reason := why_unusable(login.token, facts.loaded.config.copilot.integration_id):
        return fail(LOGIN, f"the GitHub token from {login.where} cannot be used: {reason}", _instead(facts, login))
    return ok(LOGIN, f"the GitHub login from {login.where} is used")


async def _without_login(facts: Facts) -> Finding:
    """A token alone will do while it lasts."""
    try:
        access = await facts.access()
    except Failure:
        return fail(LOGIN, "nobody is logged in to GitHub here", facts.log_in)
    return ok(LOGIN, f"there is none, and a Copilot token that is still good{_left(facts, access.expires_at)}")


def _instead(facts: Facts, login: Login) -> str:
    """A login in the environment would win over a new one."""
    return f"unset {login.where}" if login.source is LoginSource.ENVIRONMENT else facts.log_in


async def _token(facts: Facts) -> Finding:
    try:
        access = await facts.access()
    except Failure as failure:
        if failure.kind in {Kind.LOGIN, Kind.FORBIDDEN}:  # GitHub refuses this login; all else is on its status page
            return fail(TOKEN, str(failure), facts.log_in)
        return fail(TOKEN, str(failure), see=STATUS)
    if access.expires_at is None:
        return ok(TOKEN, f"Copilot takes the login itself, at {access.base_url}")
    return ok(TOKEN, f"a Copilot token for {access.base_url}{_left(facts, access.expires_at)}")


def _left(facts: Facts, expires_at: float | None) -> str:
    return "" if expires_at is None else f", good for {max(0, int((expires_at - facts.clock()) // 60))} min"


SEAT, QUOTA = "seat", "quota"
PAGE = "https://github.com/settings/copilot"


async def check_seat(facts: Facts) -> Sequence[Finding]:
    """What GitHub says of the seat, and whether it gives a token for it."""
    try:
        await facts.access()
    except Failure as failure:
        if failure.kind is Kind.FORBIDDEN:
            return [fail(SEAT, str(failure), facts.log_in, PAGE)]
        return [skip(SEAT, "without a token nothing can be told")]
    try:
        seat = await facts.seat()
    except Failure as failure:
        return [warn(SEAT, f"there is a token, and GitHub does not say whose: {failure}", see=PAGE)]
    account = account_of(seat)
    who = f"{account.login or 'an account without a name'}, {plan_name(account.plan) or 'Copilot of an unknown plan'}"
    return [ok(SEAT, who), *(_quota(quota, account.renews) for quota in account.quotas if not quota.unlimited)]


def _quota(quota: Quota, renews: str | None) -> Finding:
    """A counter: what is left of it, and whether more can be had."""
    left, of = quota.remaining or 0, quota.entitlement
    text = f"{quota.id}: {left:g}{f' of {of:g}' if of else ''} left{f', until {renews}' if renews else ''}"
    if left > 0:
        return ok(QUOTA, text)
    if quota.overage_permitted:
        return warn(QUOTA, f"{text}; more is billed", see=PAGE)
    return fail(QUOTA, f"{text}; no more is given before that", "passenger models", PAGE)


MODELS, POLICIES, ALIASES = "models", "policies", "aliases"
ALL = "passenger models --all"
MOST_NAMED = 6


async def check_models(facts: Facts) -> Sequence[Finding]:
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
    return [*_check_models(catalog), *_aliases(facts, catalog)]


def _check_models(catalog: Catalog) -> Iterator[Finding]:
    cards = [card for card in cards_of(catalog.models.values(), {}, catalog.find) if card.is_chat]
    hidden = [card.name for card in cards if card.is_hidden]
    usable = len(cards) - len(hidden)
    if usable:
        yield ok(MODELS, f"{usable} chat models")
    else:
        yield fail(MODELS, "there is no chat model that this account may ask", ALL, SETTINGS_PAGE)
    if hidden:
        text = f"a policy hides {join_names(hidden, MOST_NAMED)}; who manages the seat can turn them on"
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
        text = f"{alias} means {target}, which is no model of yours ({origin}){nearest}"
        yield warn(ALIASES, text, edit(origin, ALL))
    if not dead:
        yield ok(ALIASES, f"{len(aliases)} names of your own, each of a model" if aliases else "no names of your own")
