"""`team`: twenty people with seats and keys of their own, limits, budgets, a cache, and keys that are changed."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from passenger.simulator import Simulator
from stress.churn import turns
from stress.colleagues import Colleague, Colleagues
from stress.dialects import WAYS, Way
from stress.figures import Report, settled, slope
from stress.mishaps import NONE, Answer, complaint
from stress.probe import SOCKET, ask
from stress.served import Served, eventually, serving

PATIENCE = 120.0
"""Seconds after which a request that nobody gave up has failed."""

REFUSED_WITHIN = 1.0
"""Seconds after which a key that was taken back must be refused."""

FORBIDDEN_SOON = frozenset({401, 429})
"""What a key that is not good is answered, the second to who asks with many of them."""

SETTINGS = """
[cache]
chat = true
max_mb = 4
[quota]
seat_concurrency = 9
[ledger]
enabled = true
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how many people, with how many requests at a time together, and with which random numbers.

    Each person's 8 places at once are asked for by some ten. A share `leave` of the requests is hung up on, a share
    `again` says what was said before, so that it may be cached. Every `rotate` seconds somebody's key is changed.
    `kept` is how many MB of conversations are kept, few so that they are full soon; with 0 none is.
    """

    minutes: float = 20.0
    people: int = 20
    streams: int = 200
    leave: float = 0.1
    again: float = 0.1
    largest: int = 60_000
    rotate: float = 5.0
    sample: float = 10.0
    kept: int = 1
    seed: int = 21


@dataclass(slots=True)
class Seen:
    """What all clients have been told, and the process from outside: memory as pairs of hours and MB."""

    requests: int = 0
    streams: int = 0
    hang_ups: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    refused_late: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    counts: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def look(self, served: Served, probe: str) -> None:
        """Take a sample."""
        hours = asyncio.get_running_loop().time() / 3600
        self.memory.append((hours, served.rss_mb))
        self.counts.append((hours, ask(probe, "counts")))


class Client:
    """One program of somebody's: a request after the other, with the key that they have at the moment."""

    def __init__(self, number: int, who: Colleague, url: str, http: aiohttp.ClientSession, plan: Plan) -> None:
        self._who = who
        self._url = url
        self._http = http
        self._plan = plan
        self._chance = random.Random(f"{plan.seed} {number}")

    async def run(self, until: float, seen: Seen) -> None:
        """Ask on until that time of the event loop's clock."""
        await asyncio.sleep(self._chance.uniform(0, 2))
        while asyncio.get_running_loop().time() < until:
            way = self._chance.choice(WAYS)
            seen.requests += 1
            seen.streams += way.stream
            await self._ask(way, seen)

    async def _ask(self, way: Way, seen: Seen) -> None:
        key = self._who.key
        patience = self._chance.uniform(0, 3) if self._chance.random() < self._plan.leave else None
        try:
            async with asyncio.timeout(patience):
                answer = await self._answer(way, key)
        except TimeoutError:
            seen.hang_ups += patience is not None
            if patience is None:
                seen.complaints.append(f"{way.name} stream={way.stream}: nothing came for too long")
            return
        seen.ends[self._judge(way, answer, key, seen)] += 1
        if answer.status == 429:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5))

    def _judge(self, way: Way, answer: Answer, key: str, seen: Seen) -> str:
        """What an answer is: whole, a limit's or a budget's, that of a key that was changed, or wrong."""
        said = complaint(way, NONE, answer)
        if not said:
            return "whole"
        if answer.status == 429 and b"error" in answer.said:
            return "a budget's refusal" if b"budget" in answer.said else "a limit's refusal"
        if key != self._who.key and (answer.status in {200, 401}):
            return "the key was changed"
        seen.complaints.append(said)
        return "wrong"

    def _text(self) -> tuple[str, list[str]]:
        """What is said, and the turns before it."""
        if self._chance.random() < self._plan.again:
            return f"again {self._chance.randint(1, 20)} [[drip 0.05]] [[events 10]]", []
        text = f"{self._chance.random()} [[drip {self._chance.uniform(0.1, 0.4):.2f}]]"
        size = int(1000 * (self._plan.largest / 1000) ** self._chance.random())
        return f"{text} [[events {self._chance.randint(5, 25)}]]", [*turns(size)]

    async def _answer(self, way: Way, key: str) -> Answer:
        said, status = bytearray(), 0
        text, before = self._text()
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        body = json.dumps(way.body(text, before)).encode()
        try:
            async with self._http.post(self._url + way.path, data=body, headers=head) as answer:
                status = answer.status
                async for piece in answer.content.iter_any():
                    said += piece
        except aiohttp.ClientError as error:
            return Answer(status, bytes(said) + repr(error).encode(), broke=True)
        return Answer(status, bytes(said))


async def run(plan: Plan) -> Report:
    """Let all ask for so many minutes, then wait until it is quiet."""
    report, seen = Report(f"team: {plan.people} people, {plan.streams} at a time, {plan.minutes:g} minutes"), Seen()
    with TemporaryDirectory() as home:
        probe = f"{home}/probe"
        async with Simulator(keep=1000, unit="credits", login="owner") as simulator:
            team = Colleagues(_state_of(simulator, Path(home)))
            team.hire(simulator, plan.people)
            program = ("-m", "stress.probe")
            async with serving(simulator, Path(home), _settings(plan), program=program, env={SOCKET: probe}) as served:
                seen.look(served, probe)
                await _churn(plan, served, team, seen, probe)
                quiet = await eventually(lambda: simulator.active == 0, 10)
                seen.look(served, probe)
                _judge_answers(report, seen, team)
                _judge_memory(report, seen)
                _judge_seats(report, simulator, team)
                report.must(quiet, f"{simulator.active} requests are left open upstream")
                complaints = served.complaints()
                report.figure("lines of the log with ERROR", len(complaints))
                report.must(not complaints, f"errors in the log: {complaints[:3]}")
    return report


def _settings(plan: Plan) -> str:
    return SETTINGS + (f"[state]\nsize = {plan.kept * 1024 * 1024}\n" if plan.kept else '[state]\nkeep = "none"\n')


def _state_of(simulator: Simulator, home: Path) -> Path:
    return home / ".local/state/passenger/profiles" / f"localhost~{simulator.url.rpartition(':')[2]}"


async def _churn(plan: Plan, served: Served, team: Colleagues, seen: Seen, probe: str) -> None:
    until = asyncio.get_running_loop().time() + plan.minutes * 60
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        clients = [
            Client(number, team.people[number % len(team.people)], served.url, http, plan)
            for number in range(plan.streams)
        ]
        beside = [
            asyncio.create_task(_watch(plan, served, seen, probe)),
            asyncio.create_task(_change_keys(plan, served, team.change_keys(), http, seen)),
        ]
        try:
            await asyncio.gather(*(client.run(until, seen) for client in clients))
        finally:
            for task in beside:
                task.cancel()
            ended = await asyncio.gather(*beside, return_exceptions=True)
    seen.complaints += [repr(one) for one in ended if not isinstance(one, asyncio.CancelledError)]


async def _watch(plan: Plan, served: Served, seen: Seen, probe: str) -> None:
    while True:
        await asyncio.sleep(plan.sample)
        seen.look(served, probe)


async def _change_keys(
    plan: Plan, served: Served, change: Callable[[], str], http: aiohttp.ClientSession, seen: Seen
) -> None:
    """Change a key now and then; a while after that, the one before opens nothing."""
    while True:
        await asyncio.sleep(plan.rotate)
        before = change()
        await asyncio.sleep(REFUSED_WITHIN)
        async with http.get(f"{served.url}/v1/models", headers={"Authorization": f"Bearer {before}"}) as answer:
            if answer.status not in FORBIDDEN_SOON:
                seen.refused_late += 1
                seen.complaints.append(f"a key that was taken back is answered {answer.status}")


def _judge_answers(report: Report, seen: Seen, team: Colleagues) -> None:
    report.figure("requests", seen.requests)
    report.figure("of them streams", seen.streams)
    report.figure("hang-ups", seen.hang_ups)
    report.figure(
        "answers by what they are", ", ".join(f"{name} {count:,}" for name, count in sorted(seen.ends.items()))
    )
    report.figure(
        "keys that were changed / that opened something a second later", f"{team.changes} / {seen.refused_late}"
    )
    report.must(not seen.complaints, f"answers do not fit: {seen.complaints[:3]}")
    report.must(bool(seen.ends["whole"]), "nobody was answered")


def _judge_memory(report: Report, seen: Seen) -> None:
    memory = [mb for _, mb in seen.memory]
    shown = " / ".join(f"{mb:.1f}" for mb in (memory[0], memory[len(memory) // 2], memory[-2], max(memory), memory[-1]))
    report.figure("memory, MB RSS: start / half / last / greatest / quiet", shown)
    report.figure("memory, slope over the second half, MB/h", slope(settled(seen.memory[1:-1])))
    for name in seen.counts[0][1]:
        values = [(hours, counts[name]) for hours, counts in seen.counts]
        shown = " / ".join(f"{values[at][1]:,.1f}" for at in (0, len(values) // 2, -2, -1))
        report.figure(f"{name}{'' if 'blocks' in name else ', MB'}: start / half / last / quiet", shown)
        report.figure(f"{name}, slope over the second half, an hour", slope(settled(values[1:-1])))


def _judge_seats(report: Report, simulator: Simulator, team: Colleagues) -> None:
    """Each was paid for by their own seat, and nobody by the owner's."""
    bills = [one.account.bill.requests for one in team.people]
    report.figure(
        "requests that seats have paid for: least / most / the owner's",
        f"{min(bills)} / {max(bills)} / {simulator.bill.requests}",
    )
    report.must(min(bills) > 0 and not simulator.bill.requests, f"a seat paid for others: {bills}")
