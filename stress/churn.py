"""One client of a soak: a request after the other, in whichever dialect and with whichever mishap chance has it."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from stress.dialects import WAYS, Way
from stress.mishaps import MISHAPS, NONE, Answer, Mishap, complaint


@dataclass(slots=True)
class Tally:
    """What all clients have seen so far."""

    requests: Counter[str] = field(default_factory=Counter)
    streams: int = 0
    mishaps: int = 0
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
    """See above; `share` is the part of its requests that meet a mishap."""

    def __init__(self, number: int, url: str, http: aiohttp.ClientSession, share: float, seed: int) -> None:
        self._number = number
        self._url = url
        self._http = http
        self._share = share
        self._chance = random.Random(f"{seed} {number}")

    async def run(self, until: float, tally: Tally) -> None:
        """Ask on until that time of the event loop's clock."""
        await asyncio.sleep(self._chance.uniform(0, 2))
        while asyncio.get_running_loop().time() < until:
            way = self._chance.choice(WAYS)
            mishap = self._chance.choice(MISHAPS) if self._chance.random() < self._share else NONE
            tally.ask(way, mishap)
            await self._ask(way, mishap, tally)

    async def _ask(self, way: Way, mishap: Mishap, tally: Tally) -> None:
        text = f"client {self._number} {mishap.directive or self._leisurely()}"
        deaths = tally.deaths
        patience = None if mishap.leaves is None else self._chance.uniform(0, mishap.leaves)
        try:
            async with asyncio.timeout(patience):
                tally.note(way, mishap, await self._answer(way, text), deaths)
        except TimeoutError:  # the connection is closed by leaving the block
            tally.hang_ups += patience is not None
            if patience is None:
                tally.complaints.append(f"{way.name} stream={way.stream} {text}: nothing came for too long")

    def _leisurely(self) -> str:
        """An answer that takes its time."""
        return f"[[drip {self._chance.uniform(0.1, 0.4):.2f}]] [[events {self._chance.randint(5, 25)}]]"

    async def _answer(self, way: Way, text: str) -> Answer:
        said, status = bytearray(), 0
        try:
            async with self._http.post(self._url + way.path, json=way.body(text)) as answer:
                status = answer.status
                async for piece in answer.content.iter_any():
                    said += piece
        except aiohttp.ClientError as error:
            return Answer(status, bytes(said) + repr(error).encode(), broke=True)
        return Answer(status, bytes(said))
