"""One client of a soak: a request after the other, in whichever dialect, size and mishap chance has it."""

import asyncio
import io
import json
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from stress import hostile
from stress.dialects import WAYS, Turns, Way
from stress.hostile import HOSTILE, Hostile
from stress.mishaps import MISHAPS, NONE, Answer, Mishap, complaint

TURN = 6000
"""Characters that an agent or its tools say at a time, about."""

LINE = (
    "    return [item for item in self._items if item.name == name and not item.is_over]  # of a file that was read\n"
)


@dataclass(frozen=True, slots=True)
class Draw:
    """How chance plays: the shares of requests with a mishap and of hostile ones, and the range of bytes of bodies."""

    mishaps: float
    hostile: float
    smallest: int
    largest: int
    seed: int


@dataclass(slots=True)
class Tally:
    """What all clients have seen so far."""

    requests: Counter[str] = field(default_factory=Counter)
    streams: int = 0
    mishaps: int = 0
    refused: int = 0
    """Hostile requests."""
    bytes: int = 0
    """Of all bodies."""
    hang_ups: int = 0
    failures: int = 0
    deaths: int = 0
    """How often the token in use has died."""
    died_again: int = 0
    """Requests whose new token died, too, which are told so."""
    complaints: list[str] = field(default_factory=list)

    def ask(self, way: Way, mishap: Mishap) -> None:
        """Count a request."""
        self.requests[way.name] += 1
        self.streams += way.stream
        self.mishaps += mishap is not NONE

    def note(self, way: Way, mishap: Mishap, answer: Answer, deaths: int) -> None:
        """Judge its answer; `deaths` is how many tokens had died when it began."""
        if answer.status == 401 and self.deaths > deaths:
            self.died_again += 1
            return
        self.failures += answer.status != 200 or way.failed(answer.said)
        if said := complaint(way, mishap, answer):
            self.complaints.append(said)


class Client:
    """See above."""

    def __init__(self, number: int, url: str, http: aiohttp.ClientSession, draw: Draw) -> None:
        self._number = number
        self._url = url
        self._http = http
        self._draw = draw
        self._chance = random.Random(f"{draw.seed} {number}")

    async def run(self, until: float, tally: Tally) -> None:
        """Ask on until that time of the event loop's clock."""
        await asyncio.sleep(self._chance.uniform(0, 2))
        while asyncio.get_running_loop().time() < until:
            size = int(self._draw.smallest * (self._draw.largest / self._draw.smallest) ** self._chance.random())
            tally.bytes += size
            if self._chance.random() < self._draw.hostile:
                await self._provoke(self._chance.choice(HOSTILE), size, tally)
                continue
            way = self._chance.choice(WAYS)
            mishap = self._chance.choice(MISHAPS) if self._chance.random() < self._draw.mishaps else NONE
            tally.ask(way, mishap)
            await self._ask(way, mishap, turns(size), tally)

    async def _provoke(self, one: Hostile, size: int, tally: Tally) -> None:
        tally.refused += 1
        body, head = one.body(size), {"Content-Type": one.media_type}
        try:
            async with self._http.post(self._url + one.path, data=io.BytesIO(body), headers=head) as answer:
                said = hostile.complaint(one, answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            said = f"hostile, {one.path}: {error!r}"
        tally.complaints += [said] if said else []

    async def _ask(self, way: Way, mishap: Mishap, before: Turns, tally: Tally) -> None:
        text = f"client {self._number} {mishap.directive or self._leisurely()}"
        deaths = tally.deaths
        patience = None if mishap.leaves is None else self._chance.uniform(0, mishap.leaves)
        try:
            async with asyncio.timeout(patience):
                tally.note(way, mishap, await self._answer(way, text, before), deaths)
        except TimeoutError:  # the connection is closed by leaving the block
            tally.hang_ups += patience is not None
            if patience is None:
                tally.complaints.append(f"{way.name} stream={way.stream} {text}: nothing came for too long")

    def _leisurely(self) -> str:
        """An answer that takes its time."""
        return f"[[drip {self._chance.uniform(0.1, 0.4):.2f}]] [[events {self._chance.randint(5, 25)}]]"

    async def _answer(self, way: Way, text: str, before: Turns) -> Answer:
        said, status = bytearray(), 0
        try:
            body, head = json.dumps(way.body(text, before)).encode(), {"Content-Type": "application/json"}
            async with self._http.post(self._url + way.path, data=io.BytesIO(body), headers=head) as answer:
                status = answer.status
                async for piece in answer.content.iter_any():
                    said += piece
        except aiohttp.ClientError as error:
            return Answer(status, bytes(said) + repr(error).encode(), broke=True)
        return Answer(status, bytes(said))


def turns(size: int) -> Turns:
    """So many bytes of a conversation as an agent's grows: turn by turn, an even number of them."""
    count = size // TURN // 2 * 2 or 2
    return [LINE * max(1, size // count // len(LINE)) for _ in range(count)]
