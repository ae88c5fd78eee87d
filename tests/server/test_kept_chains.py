"""Whatever is asked in whatever order: a model sees exactly the history of a chain, or the chain is not found."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.server.api.test_stored_responses import MODELS, RESPONSES, create, get, text_of, texts_up
from tests.server.bench import Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZE = 40_000
"""Bytes of a store that has room for some twenty turns."""


PLACES = ("memory", "disk")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def roomy(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("roomy"), config=f'[state]\nkeep = "{request.param}"\n') as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def crowded(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    config = f'[state]\nkeep = "{request.param}"\nsize = {SIZE}\n'
    async with bench(tmp_path_factory.mktemp("crowded"), config=config) as one:
        yield one


@dataclass
class Known:
    """What a client knows of one response."""

    parent: str | None
    said: list[str]
    """The texts of its whole history, its own answer last."""
    items: dict[str, str]
    """The ids of the answer's messages, and their texts."""
    is_deleted: bool = False


@dataclass
class Client:
    """A client that takes turns at random."""

    bench: Bench
    chance: random.Random
    is_crowded: bool
    """Whether anything may have been pushed out."""
    known: dict[str, Known] = field(default_factory=dict)
    holders: dict[str, list[str]] = field(default_factory=dict)
    """The responses that have an item, by its id."""
    found: int = 0
    lost: int = 0
    """Requests that referred to what was deleted."""
    pushed_out: int = 0
    """Requests that referred to what was not, and did not find it all the same."""
    number: int = 0

    async def act(self) -> None:
        """One request of some kind."""
        kind = self.chance.choices(("follow", "begin", "refer", "delete"), (60, 15, 15, 10))[0]
        known = list(self.known)
        if kind == "begin" or not known:
            await self.begin()
        elif kind == "follow":
            await self.follow(self.chance.choice(known[-12:]))
        elif kind == "refer":
            await self.refer(self.chance.choice(known[-12:]))
        else:
            await self.delete(self.chance.choice(known))

    async def begin(self) -> None:
        """A response of its own."""
        text = self._text()
        await self._ask(text, [text], None)

    async def follow(self, name: str) -> None:
        """A response that follows another."""
        text = self._text()
        await self._ask(text, [*self.known[name].said, text], name, previous_response_id=name)

    async def refer(self, name: str) -> None:
        """A response that refers to the items of another, and may follow it, too."""
        items, first, text = self.known[name].items, self._text(), self._text()
        references = [{"type": "item_reference", "id": item} for item in items]
        asked = [{"role": "user", "content": first}, *references, {"role": "user", "content": text}]
        before = [first, *items.values()]
        if self.chance.random() < 0.5:
            await self._ask(asked, [*before, text], None, referred=name)
        else:
            said = [*self.known[name].said, *before, text]
            await self._ask(asked, said, name, referred=name, previous_response_id=name)

    async def delete(self, name: str) -> None:
        """A response goes; those that follow it cannot be followed any more."""
        status = (await get(self.bench, f"{RESPONSES}/{name}", "DELETE")).status
        assert status == (404 if self.known[name].is_deleted else 200) or (status == 404 and self.is_crowded)
        self.known[name].is_deleted = True

    async def _ask(
        self, asked: str | list[Any], said: list[str], parent: str | None, referred: str | None = None, **fields: Any
    ) -> None:
        before = len(self.bench.sim.requests)
        answer = await create(self.bench, asked, model=self.chance.choice(MODELS), **fields)
        is_there = self._is_there(parent) and self._are_there(referred)
        if answer.status != 200:
            assert answer.status in {400, 404}
            assert answer.error["message"].endswith("not found.")
            assert len(self.bench.sim.requests) == before
            assert not is_there or self.is_crowded
            self.pushed_out += is_there
            self.lost += not is_there
            return
        assert is_there
        assert texts_up(self.bench) == said
        self._note(answer.json(), said, parent, referred)

    def _note(self, told: dict[str, Any], said: list[str], parent: str | None, referred: str | None) -> None:
        items = {item["id"]: item["content"][0]["text"] for item in told["output"] if item["type"] == "message"}
        assert not set(items) & set(self.holders)
        self.known[told["id"]] = Known(parent, [*said, text_of(told)], items)
        copied = () if referred is None or parent is not None else self.known[referred].items
        for item in (*items, *copied):
            self.holders.setdefault(item, []).append(told["id"])
        self.found += 1

    def _is_there(self, name: str | None) -> bool:
        """Whether nothing of a chain was deleted."""
        while name is not None:
            if self.known[name].is_deleted:
                return False
            name = self.known[name].parent
        return True

    def _are_there(self, name: str | None) -> bool:
        """Whether each message of an answer is in a response that was not deleted."""
        items = () if name is None else self.known[name].items
        return all(any(not self.known[one].is_deleted for one in self.holders[item]) for item in items)

    def _text(self) -> str:
        self.number += 1
        return f"turn {self.number} " + "x" * self.chance.randrange(400)


@pytest.mark.parametrize("seed", range(4))
async def test_a_chain_is_exact_or_something_of_it_was_deleted(roomy: Bench, seed: int) -> None:
    client = Client(roomy, random.Random(seed), is_crowded=False)
    for _ in range(150):
        await client.act()
    assert client.found
    assert client.lost
    assert not client.pushed_out


@pytest.mark.parametrize("seed", range(4))
async def test_a_chain_is_exact_or_not_found_where_there_is_no_room_for_all(crowded: Bench, seed: int) -> None:
    client = Client(crowded, random.Random(seed), is_crowded=True)
    for _ in range(150):
        await client.act()
    assert client.found
    assert client.pushed_out
