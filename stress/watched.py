"""A real `passenger` whose event loop is watched from within: run as `python -m stress.watched FILE ARGUMENT...`.

Each turn of the loop that takes more CPU time of its thread than `WORTH` is written to the file, in milliseconds. What
is seen is the time between two visits a millisecond or a turn apart, whichever is longer: never less than a turn.
"""

import asyncio
import sys
import time
from pathlib import Path

import uvloop

from passenger.cli import main

EVERY = 0.001
"""Seconds between two visits."""

WORTH = 0.005


def watch(loop: asyncio.AbstractEventLoop, file: Path, before: float) -> None:
    """Note what has gone by since the last visit, and come again."""
    now = time.thread_time()
    if now - before > WORTH:
        with file.open("a") as lines:
            lines.write(f"{(now - before) * 1e3:.1f}\n")
    loop.call_later(EVERY, watch, loop, file, time.thread_time())


def run(file: Path) -> int:
    """Serve so."""
    make = uvloop.new_event_loop

    def watched() -> asyncio.AbstractEventLoop:
        loop = make()
        loop.call_soon(lambda: watch(loop, file, time.thread_time()))
        return loop

    uvloop.new_event_loop = watched  # type: ignore[assignment]  # made like the other
    return main()


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv.pop(1))))
