"""Teams whose key has no room: what Passenger refuses then, and what a good end of a program is that is refused.

A limit that is over soon is waited for, or told; one that lasts is told at once, in our words, and not asked for again.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp
from tests.proxy import PATIENCE

from clients.tap import Asked, Tap
from clients.turn import COMPLETIONS_ONLY, Turn
from clients.verdict import PASSED, Seen, last_words, plain, verdict
from passenger.account.scope_limits import Budget
from passenger.team.audit import Author, local_author
from passenger.team.keys import KeyGrant, create_key, revoke_key
from passenger.team.limits import LimitChange, set_budget, set_limits
from passenger.team.team_file import change
from passenger.team.users import add_user

SOON = 10.0
"""Seconds after the first refusal within which a program ends where waiting does not help."""

WHILE = 60.0
"""Seconds that a turn may take in which a limit is over after a few."""

A_MINUTE = 12
"""Requests a minute of which none is left: one comes back every five seconds."""

_MODEL = "gpt-4o"
_TINY = {"model": _MODEL, "messages": [{"role": "user", "content": "hello"}]}
_ENDLESS = {"model": _MODEL, "stream": True, "messages": [{"role": "user", "content": "[[stall 2]] [[events 9]]"}]}
_SHARED = {"PASSENGER_TEAM_SHARE_PERSONAL_SEAT": "i-understand"}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a program is refused: the status, words of ours that it must show, and how that is brought about.

    `is_short` says that the limit is over soon.
    """

    status: int
    words: str
    is_short: bool = False
    limits: LimitChange | None = None
    budget: Budget | None = None
    config: str = ""
    is_revoked: bool = False
    is_drained: bool = False
    is_taken: bool = False

    @property
    def env(self) -> Mapping[str, str]:
        """Variables of the server."""
        return _SHARED


REFUSALS: Mapping[str, Refusal] = {
    "no requests left for some seconds": Refusal(
        status=429,
        words="requests a minute",
        is_short=True,
        limits=LimitChange(requests_per_minute=A_MINUTE),
        is_drained=True,
    ),
    "its only place is taken": Refusal(
        status=429,
        words="requests at once",
        is_short=True,
        limits=LimitChange(concurrency=1),
        config="[quota]\nqueue_wait = 1\n",
        is_taken=True,
    ),
    "budget spent": Refusal(status=429, words="has no room for this request", budget=Budget("day", 1)),
    "session paused": Refusal(
        status=403, words="has paused this session", config='[breaker]\naction = "pause"\nrepeats = 1\n'
    ),
    "key revoked": Refusal(status=401, words="one of its own API keys", is_revoked=True),
}
"""By what the table says. A budget needs a model that costs something. A session is paused after its first answer."""


def refused_turns(turn: Turn, own: str = "") -> list[Turn]:
    """A turn with each of the refusals; `own` are words by which the program says itself that it was not let in."""
    return [
        replace(
            turn,
            told=f"{turn.told}, {name}",
            only=[next(model for model in turn.models if model != COMPLETIONS_ONLY)],
            sends=(),
            refusal=name,
            patience=WHILE,
            judge=partial(judge, name, own=own),
        )
        for name in REFUSALS
    ]


def judge(name: str, seen: Seen, own: str = "") -> str:
    """`passed`, with how it ended, where a refusal was taken well."""
    refusal = REFUSALS[name]
    refused = [one for one in seen.asked if one.status == refusal.status]
    if not refused or seen.refused_for is None:
        return f"it was not refused; {last_words(seen.ended)}"
    how = f"asked {_times(len(refused))} in vain"
    if seen.ended.code is None:
        return f"no end in time, {how}; {last_words(seen.ended)}"
    if refusal.is_short and verdict(_without(seen, refused)) == PASSED:
        return f"{PASSED} (waited, {how})"
    said = " ".join(plain(f"{seen.ended.stdout}\n{seen.ended.stderr}").split())
    ours = refusal.words in said
    if not ours and not (own and own in said and refusal.status in {401, 403}):
        return f"ended after {seen.refused_for:.0f} s, {how}, without our words; {last_words(seen.ended)}"
    if seen.refused_for > (WHILE if refusal.is_short else SOON):
        return f"it said why, but {seen.refused_for:.0f} s later, {how}; {last_words(seen.ended)}"
    return f"{PASSED} ({'said why' if ours else 'refused, in its own words'} after {seen.refused_for:.0f} s, {how})"


def _without(seen: Seen, refused: list[Asked]) -> Seen:
    return replace(seen, asked=[one for one in seen.asked if one not in refused])


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


@contextlib.asynccontextmanager
async def refusing(refusal: Refusal, url: str, team: Path, tap: Tap) -> AsyncIterator[str]:
    """The key of a server at `url` that has no room any more, until the block is left."""
    key = begin_team(refusal, team)
    async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"}) as http:
        await _until_known(http, 401 if refusal.is_revoked else 200)
        if refusal.is_drained:
            for _ in range(A_MINUTE):
                async with http.post("/v1/chat/completions", json=_TINY) as answer:
                    await answer.read()
        async with _holding(http, tap) if refusal.is_taken else contextlib.nullcontext():
            yield key


def begin_team(refusal: Refusal, path: Path) -> str:
    """Begin a team in a server's file, and return the only key of its only member."""

    def begin(database: sqlite3.Connection) -> str:
        by: Author = local_author("clients")
        made = create_key(database, by, add_user(database, by, "alice", "alice-gh"), KeyGrant())
        scope = f"key:{made.key.id}"
        if refusal.limits is not None:
            set_limits(database, by, scope, refusal.limits)
        if refusal.budget is not None:
            set_budget(database, by, scope, refusal.budget)
        if refusal.is_revoked:
            revoke_key(database, by, made.key.id)
        return made.secret.reveal()

    return change(path, begin)


async def _until_known(http: aiohttp.ClientSession, status: int) -> None:
    """Wait until the server has looked at the team's file: it closes its door to who shows no key."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get("/v1/models", headers={"Authorization": ""}) as closed:
                if closed.status != 401:
                    await asyncio.sleep(0.05)
                    continue
            async with http.get("/v1/models") as known:
                if known.status == status:
                    return


@contextlib.asynccontextmanager
async def _holding(http: aiohttp.ClientSession, tap: Tap) -> AsyncIterator[None]:
    """Take the place until the program was refused it, or the block is left."""
    answer = await http.post("/v1/chat/completions", json=_ENDLESS)
    answer.raise_for_status()

    async def give_back() -> None:
        await tap.refused.wait()
        answer.close()

    giving = asyncio.create_task(give_back())
    try:
        yield
    finally:
        giving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await giving
        answer.close()
