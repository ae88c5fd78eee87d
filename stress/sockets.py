"""`sockets`: many WebSockets at once, on each a chain of turns, some of which its client leaves in the middle."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from passenger.simulator import Simulator
from stress.figures import Report, settled, slope
from stress.served import Served, eventually, serving

MODELS = ("gpt-5.5", "claude-sonnet-4.5")
"""One that is relayed, and one that is translated."""

PATIENCE = 60.0
"""Seconds that a turn may take."""

SPARE = 16
"""Files that a process opens with its first requests: the ledger, and what it remembers."""

LOST = "previous_response_not_found"
COMPLETED = "response.completed"

_SAYS = re.compile(r"socket (\d+), turn (\d+):")


@dataclass(frozen=True, slots=True)
class Plan:
    """So many sockets, which take each turn together, and how many of the turns a client leaves, to begin anew.

    After `chain` turns a socket begins another chain, so that what it has to remember does not grow for ever.
    `kept` is how many MB of conversations are kept, so that they are full soon; with 0 nothing is stored, as Codex
    asks, and a connection knows its last response alone.
    """

    sockets: int = 200
    turns: int = 50
    chain: int = 10
    leave: float = 0.05
    kept: int = 8
    seed: int = 20


@dataclass(slots=True)
class Tally:
    """What has become of all turns."""

    ends: Counter[str] = field(default_factory=Counter)
    """The turns by how they ended."""
    events: int = 0
    complaints: list[str] = field(default_factory=list)


class Talker:
    """One client: a turn after the other, each following the last."""

    def __init__(self, number: int, url: str, http: aiohttp.ClientSession, plan: Plan) -> None:
        self._number = number
        self._url = url
        self._http = http
        self._plan = plan
        self._chance = random.Random(plan.seed * 1_000_003 + number)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._previous: str | None = None

    async def take(self, turn: int, tally: Tally) -> None:
        """Take one turn; what is not as it must be is a complaint."""
        try:
            async with asyncio.timeout(PATIENCE):
                tally.ends[await self._take(turn, tally)] += 1
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            tally.ends["failed"] += 1
            tally.complaints.append(f"socket {self._number}, turn {turn}: {error!r}")
            await self.close()

    async def _take(self, turn: int, tally: Tally) -> str:
        if turn % self._plan.chain == 0:
            self._previous = None
        if self._socket is None:
            self._socket = await self._http.ws_connect(self._url)
        leaves = self._chance.random() < self._plan.leave
        await self._socket.send_str(json.dumps(self._asked(turn)))
        while True:
            event = await self._socket.receive_json()
            tally.events += 1
            kind = str(event["type"])
            if leaves and kind.endswith(".delta"):
                await self.close()
                return "left"
            if kind == COMPLETED:
                self._previous = event["response"]["id"]
                return "completed"
            if kind in {"error", "response.failed", "response.incomplete"}:
                return self._note_error(event, turn, tally)

    def _asked(self, turn: int) -> dict[str, Any]:
        text = f"socket {self._number}, turn {turn}: " + "the test fails since the last change. " * 20
        body: dict[str, Any] = {"type": "response.create", "model": MODELS[self._number % len(MODELS)], "input": text}
        body |= {"store": False} if not self._plan.kept else {}
        return body | ({"previous_response_id": self._previous} if self._previous else {})

    def _note_error(self, event: dict[str, Any], turn: int, tally: Tally) -> str:
        """What an error means: a chain that had to make room is begun anew."""
        self._previous = None
        if (event.get("error") or {}).get("code") == LOST and self._plan.kept:
            return "not found"
        tally.complaints.append(f"socket {self._number}, turn {turn}: {json.dumps(event)[:300]}")
        return "failed"

    async def close(self) -> None:
        """Leave; what follows is another chain, on another socket."""
        socket, self._socket, self._previous = self._socket, None, None
        if socket is not None:
            transport = socket.get_extra_info("transport")
            if transport is not None and self._chance.random() < 0.5:
                transport.abort()
            await socket.close()


async def run(plan: Plan) -> Report:
    """Let all take their turns, and look at the memory after each."""
    report, tally = Report(f"sockets: {plan.sockets} WebSockets, {plan.turns} turns on each"), Tally()
    with TemporaryDirectory() as home:
        async with Simulator(keep=1000) as simulator, serving(simulator, Path(home), _settings(plan)) as served:
            memory = [served.rss_mb]
            most = served.descriptors + SPARE
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                url = f"{served.url}/v1/responses"
                talkers = [Talker(number, url, http, plan) for number in range(plan.sockets)]
                for turn in range(plan.turns):
                    await asyncio.gather(*(talker.take(turn, tally) for talker in talkers))
                    memory.append(served.rss_mb)
                await asyncio.gather(*(talker.close() for talker in talkers))
            gone = await eventually(lambda: simulator.active == 0 and _own(served, simulator) <= most, 10)
            memory.append(served.rss_mb)
            _judge(report, plan, tally, memory)
            _judge_chains(report, simulator)
            _judge_log(report, served)
            report.must(
                gone, f"something is left open: {simulator.active} requests, {_own(served, simulator)} descriptors"
            )
    return report


def _own(served: Served, simulator: Simulator) -> int:
    """Open files and sockets, without the connections upstream that wait for more requests."""
    return served.descriptors - simulator.connections


def _settings(plan: Plan) -> str:
    limits = f"[limits]\nwebsockets = {2 * plan.sockets}\n"
    return limits + (f"[state]\nsize = {plan.kept * 1024 * 1024}\n" if plan.kept else "")


def _judge(report: Report, plan: Plan, tally: Tally, memory: Sequence[float]) -> None:
    report.figure("turns", tally.ends.total())
    report.figure("by their ends", ", ".join(f"{name} {count:,}" for name, count in sorted(tally.ends.items())))
    report.figure("events", tally.events)
    report.figure(
        "memory, MB RSS: start / first turn / half / last turn / closed",
        " / ".join(f"{memory[at]:.1f}" for at in (0, 1, len(memory) // 2, -2, -1)),
    )
    per_turn = slope([(number * plan.sockets / 1000, mb) for number, mb in settled([*enumerate(memory[1:-1])])])
    report.figure("memory, slope over the second half, MB per 1,000 turns", f"{per_turn:.3f}")
    report.must(not tally.complaints, f"turns do not end as they must: {tally.complaints[:3]}")


def _judge_chains(report: Report, simulator: Simulator) -> None:
    """What Copilot was asked: the turns of one socket, one after the other, and none left out."""
    longest, wrong = 0, list[str]()
    for one in simulator.requests:
        found = [(int(socket), int(turn)) for socket, turn in _SAYS.findall(one.body.decode("utf-8", "replace"))]
        said = [turn for turn, _ in groupby(found)]  # the simulator's answers say what they were asked
        if not said:
            continue
        longest = max(longest, len(said))
        socket, first = said[0]
        if said != [(socket, first + more) for more in range(len(said))]:
            wrong.append(str(said))
    report.figure("longest chain of the last requests", longest)
    report.must(not wrong, f"chains are mixed or shortened: {wrong[:3]}")


def _judge_log(report: Report, served: Served) -> None:
    complaints = served.complaints()
    report.figure("lines of the log with ERROR", len(complaints))
    report.must(not complaints, f"errors in the log: {complaints[:3]}")
