"""The models that were asked lately: what Ollama's clients take for those in memory (`GET /api/ps`)."""

from collections.abc import Iterator
from time import perf_counter

from passenger.exchange import Exchange

KEPT = 300.0
"""Seconds that a model counts as loaded after it was asked: how long Ollama keeps one by default."""

MOST = 64
"""Models that are remembered; names that no catalogue knows could be without number."""


class Recent:
    """An observer of exchanges; each process knows of its own, and each seat's are its own."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[str, float]] = {}

    def note(self, exchange: Exchange) -> None:
        """Remember the model of an exchange that went well."""
        name, ended = exchange.model, exchange.ended
        if name is None or ended is None or exchange.failure is not None:
            return
        asked = self._asked.setdefault(exchange.seat, {})
        if name not in asked and len(asked) >= MOST:
            del asked[min(asked, key=asked.__getitem__)]
        asked[name] = ended

    def left(self, seat: str) -> Iterator[tuple[str, float]]:
        """The models of a seat that count as loaded, the latest first, and for how many seconds more."""
        now = perf_counter()
        for name, ended in sorted(self._asked.get(seat, {}).items(), key=lambda item: -item[1]):
            if now - ended < KEPT:
                yield name, KEPT - (now - ended)
