"""`python -m benchmarks.state`: CPU that a chained turn costs in the store: its history is read, and it is kept.

All threads count. The best of some rounds is told: whatever else the machine does only adds to it.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.ledger import Figure
from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.sqlite import SqliteStore
from passenger.state.store import Store
from passenger.state.stored import Status, StoredResponse

OWNER = "own/anna"
TALKS = 40
TURNS = 50
LONG = 200
"""Turns of a long talk."""
ROUNDS = 5

_WORDS = ("the", "test", "fails", "since", "src/parser.py", "returns", "None", "where", "a", "list", "was", "expected")


def make_talk(talk: int, turns: int) -> list[StoredResponse]:
    """The responses of a coding agent: in each turn a call's result comes in, reasoning and a call go out."""
    return [_make_turn(talk, number) for number in range(turns)]


def _make_turn(talk: int, number: int) -> StoredResponse:
    name = f"resp_{talk:016x}{number:016x}"
    text = " ".join(_WORDS[(talk + number * 7 + place * place) % len(_WORDS)] for place in range(200))
    result = {"id": f"fco_{name}", "type": "function_call_output", "call_id": f"call_{number}", "output": text}
    thought = {"id": f"rs_{name}", "type": "reasoning", "summary": [], "encrypted_content": f"{number:08x}" * 100}
    call = {"id": f"fc_{name}", "type": "function_call", "call_id": f"call_{number}", "name": "read", "arguments": "{}"}
    answer = {"id": name, "object": "response", "model": "gpt-5.5", "instructions": text[:500], "output": []}
    input_, *output = (json.dumps(one).encode() for one in (result, thought, call))
    parent = f"resp_{talk:016x}{number - 1:016x}" if number else None
    body = json.dumps(answer).encode()
    return StoredResponse(name, OWNER, 1, Status.COMPLETED, body, (input_,), tuple(output), parent)


def open_file(path: Path) -> SqliteStore:
    """A store on disk."""
    return SqliteStore(path, StoreLimits(size=1 << 30, lifetime=86_400))


async def take_turns(store: Store, responses: Sequence[StoredResponse]) -> None:
    """What is asked of a store for these responses."""
    for response in responses:
        if response.parent is not None:
            await store.chain(OWNER, response.parent)
        await store.put(response)


async def spent(work: Callable[[], Awaitable[object]]) -> float:
    """Microseconds of CPU."""
    began = time.process_time()
    await work()
    return (time.process_time() - began) * 1e6


async def measure(directory: Path, talks: int = TALKS, rounds: int = ROUNDS) -> list[Figure]:
    """All figures, for so many talks and the best of so many rounds."""
    responses = [turn for talk in range(talks) for turn in make_talk(talk, TURNS)]
    long = make_talk(talks, LONG)
    found = [await _measure_once(directory / f"{number}.sqlite", responses, long) for number in range(rounds)]
    return [Figure(one[0].name, min(each.value for each in one), one[0].unit) for one in zip(*found, strict=True)]


async def _measure_once(
    path: Path, responses: Sequence[StoredResponse], long: Sequence[StoredResponse]
) -> list[Figure]:
    memory = MemoryStore(StoreLimits(size=1 << 30), time.monotonic)
    in_memory = await spent(lambda: take_turns(memory, responses)) / len(responses)
    disk = open_file(path)
    on_disk = await spent(lambda: take_turns(disk, responses)) / len(responses)
    await disk.aclose()
    size = await asyncio.to_thread(lambda: path.stat().st_size / len(responses))
    raw = sum(one.size for one in responses) / len(responses)
    disk = open_file(path)
    await take_turns(disk, long)
    warm = await spent(lambda: disk.chain(OWNER, long[-1].id))
    await disk.aclose()
    disk = open_file(path)
    await disk.get(OWNER, "")
    cold = await spent(lambda: disk.chain(OWNER, long[-1].id))
    await disk.aclose()
    return [
        Figure("a turn in memory", in_memory),
        Figure("a turn on disk", on_disk),
        Figure(f"a history of {len(long)} turns", warm),
        Figure("  the first one after a restart", cold),
        Figure("on disk: a turn", size, "bytes"),
        Figure("  of which as JSON", raw, "bytes"),
    ]


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        for figure in asyncio.run(measure(Path(directory))):
            sys.stdout.write(f"{figure.name:<36}{figure.value:8.0f} {figure.unit}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
