"""Clients that hang up, however long their request was, in any dialect, on any route: what is noticed, what is kept."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from passenger.simulator import Simulator
from stress.dialects import NEWEST, RELAYED, TRANSLATED, WAYS, Way
from stress.figures import Report
from stress.served import Served, eventually
from stress.wire import dial

SIZES = (1, 65, 130, 263, 300, 520, 600, 1000, 2000, 8000)
"""Kilobytes of a body: what is read in one piece, in two, in many, and what lies just above each."""

APIS = {RELAYED: "/chat/completions", TRANSLATED: "/v1/messages", NEWEST: "/responses"}
"""A model of each of Copilot's APIs, and of no other where `SPEAKS` is what the simulator is told."""

SPEAKS = {model: [path] for model, path in APIS.items()}

WAITS = "[[delay 60]]"
SOON = 10.0
"""Seconds after which a hang-up counts as unnoticed."""

LENT = 10.0
"""Megabytes that hang-ups may leave behind, however many they are."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One of the client's dialects, streaming or not, with one of Copilot's APIs."""

    way: Way
    model: str

    def __str__(self) -> str:
        return f"{self.way.name}, {self.model}, {'a stream' if self.way.stream else 'whole'}"

    def request(self, kilobytes: int) -> bytes:
        """A request of so many kilobytes whose answer does not come."""
        return post(self.way.path, json.dumps(self.way.body("words " * (kilobytes * 1000 // 6) + WAITS)).encode())


PAIRS = [
    Pair(way, model)
    for way in WAYS
    for model in APIS
    if model in way.path or way.body("").get("model") == model  # Gemini names it in the path
]


def post(path: str, body: bytes) -> bytes:
    """A request as bytes."""
    fields = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\n{fields}\r\n".encode() + body


def agents_body(model: str) -> bytes:
    """What a coding agent sends after a while: some 300 KB in many messages."""
    messages: list[dict[str, object]] = [{"role": "system", "content": "You are a coding agent."}]
    for number in range(700):
        call = {"name": "read", "arguments": json.dumps({"path": f"src/file_{number}.py"})}
        calls = [{"id": f"call_{number}", "type": "function", "function": call}]
        messages += [
            {"role": "assistant", "content": "", "tool_calls": calls},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": f"def f{number}(): ...\n" * 12},
        ]
    messages.append({"role": "user", "content": WAITS})
    return json.dumps({"model": model, "stream": True, "messages": messages}).encode()


async def every_size(report: Report, simulator: Simulator, served: Served, each: int) -> None:
    """So many hang-ups of each pair, one after the other, with bodies of all sizes in turn."""
    missed, left = dict.fromkeys(SIZES, 0), dict.fromkeys(SIZES, 0)
    for pair, kilobytes in _planned(each):
        left[kilobytes] += 1
        if not await _noticed(simulator, served, pair.request(kilobytes), APIS[pair.model]):
            missed[kilobytes] += 1
    await eventually(lambda: simulator.active == 0, SOON)
    report.figure(f"hang-ups of each of {len(PAIRS)} pairs of dialect and route, streaming and not", each)
    report.figure("unnoticed, by kilobytes of the body", _shown(missed, left))
    report.must(not any(missed.values()), f"{sum(missed.values())} hang-ups went unnoticed")


def _planned(each: int) -> Iterator[tuple[Pair, int]]:
    for number, pair in enumerate(PAIRS):
        for turn in range(each):
            yield pair, SIZES[(number + turn) % len(SIZES)]


def _shown(missed: Mapping[int, int], left: Mapping[int, int]) -> str:
    return ", ".join(f"{size}: {missed[size]} of {left[size]}" for size in SIZES)


async def _noticed(simulator: Simulator, served: Served, request: bytes, up: str) -> bool:
    """Whether upstream sees that a client has left, once it has seen its request."""
    simulator.requests.clear()
    wire = await dial(served, request)
    await wire.writer.drain()
    await eventually(lambda: bool(simulator.seen(up)), SOON)
    wire.close()
    seen = simulator.seen(up)
    return bool(seen) and await eventually(lambda: seen[0].closed is not None, SOON)


async def memory(report: Report, simulator: Simulator, served: Served, count: int) -> None:
    """So many hang-ups of a coding agent on a relayed and on a translated request, and what they leave behind."""
    for model, up in ((RELAYED, APIS[RELAYED]), (NEWEST, APIS[NEWEST])):
        request = post("/v1/chat/completions", agents_body(model))
        await _noticed(simulator, served, request, up)
        before = served.rss_mb
        for _ in range(count):
            await _noticed(simulator, served, request, up)
        grown = served.rss_mb - before
        report.figure(f"MB kept after {count} hang-ups of {len(request) // 1000} KB, {model}", grown)
        report.must(grown <= LENT, f"{count} hang-ups with {model} keep {grown:.1f} MB")
