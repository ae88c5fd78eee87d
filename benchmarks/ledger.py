"""`make bench-ledger`: what the ledger costs a request: CPU on its path, CPU of the thread that writes, and disk.

The best of some rounds is told: whatever else the machine does only adds to it.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from passenger.chat.cost import UNKNOWN, Cost
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import anthropic
from passenger.exchange import Exchange, Outcome
from passenger.gateway.routing import Route
from passenger.ledger.database import insert, open_to_write
from passenger.ledger.observer import Ledger
from passenger.ledger.rows import Row, row_of
from passenger.ledger.sums import sum_up
from passenger.ledger.writer import BATCH

ROWS = 8_000
ROUNDS = 7
SESSIONS = 20
"""Agents at work at once."""

_ROUTE = Route("claude-opus-4.6", None, anthropic.OUTBOUND, relayed=True)


class Figure(NamedTuple):
    """What was measured, its value and unit."""

    name: str
    value: float
    unit: str = "µs"


def finished(number: int) -> Exchange:
    """A turn of Claude Code."""
    exchange = Exchange("POST", "/v1/messages", b"claude-cli/2.1.332 (external, cli)", seat="own")
    exchange.session, exchange.dialect = f"2f1c0a3e-8f1b-4f0a-9d43-{number % SESSIONS:012}", "messages"
    exchange.ask, exchange.model = Ask(_ROUTE.name, stream=True, initiator=Initiator.AGENT), _ROUTE.name
    exchange.route, exchange.status, exchange.attempts, exchange.outcome = _ROUTE, 200, 1, Outcome.OK
    exchange.received = exchange.started
    exchange.first_byte, exchange.ended, exchange.waited = exchange.started + 1.2, exchange.started + 9.3, 9.299
    exchange.usage = Usage(input=245_000, output=835, cached=240_300, written=4_000)
    exchange.cost, exchange.tariff = Cost("upstream", 14_700_000_000), UNKNOWN
    return exchange


def measure(directory: Path, count: int = ROWS, rounds: int = ROUNDS) -> list[Figure]:
    """All figures, for so many rows and the best of so many rounds."""
    exchanges = [finished(number) for number in range(count)]
    rows = [row_of(exchange) for exchange in exchanges]
    batches = [rows[start : start + BATCH] for start in range(0, count, BATCH)]

    def best(work: Callable[[int], object]) -> float:
        """Microseconds of CPU for each row."""
        return min(_spent(work, number) for number in range(rounds)) / count * 1e6

    made = best(lambda _: [row_of(exchange) for exchange in exchanges])
    summed = best(lambda _: [sum_up(batch) for batch in batches])
    written = best(lambda number: _write(directory / f"{number}.sqlite", batches))
    return [
        Figure("on the path: put into the queue", best(lambda _: _observe(directory, exchanges))),
        Figure("in the thread: a row", made + written),
        Figure("  made of the exchange", made),
        Figure("  added to the sums", summed),
        Figure("  written, in batches", written - summed),
        Figure("on disk: a row", (directory / "0.sqlite").stat().st_size / count, "bytes"),
    ]


def _spent(work: Callable[[int], object], number: int) -> float:
    began = time.thread_time()
    work(number)
    return time.thread_time() - began


def _observe(directory: Path, exchanges: Sequence[Exchange]) -> None:
    ledger = Ledger(directory / "queue.sqlite", 90)
    ledger._backlog.is_awake = True  # the thread is another figure
    for exchange in exchanges:
        ledger(exchange)


def _write(path: Path, batches: Sequence[Sequence[Row]]) -> None:
    with closing(open_to_write(path)) as database:
        for batch in batches:
            insert(database, batch, "bench", 0)


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        for figure in measure(Path(directory)):
            sys.stdout.write(f"{figure.name:<36}{figure.value:8.2f} {figure.unit}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
