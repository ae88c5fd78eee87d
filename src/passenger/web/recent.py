"""The models that were asked lately: what Ollama's clients take for those in memory (`GET /api/ps`)."""

from collections.abc import Iterator
from time import perf_counter

from passenger.exchange import Exchange

KEPT = 300.0
"""Seconds that a model counts as loaded after it was asked: how long Ollama keeps one by default."""

MOST = 64
"""Models that are remembered; names that no catalogue knows could be without number."""


class Recent:
    """An observer of exchanges; each process knows of its own."""

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}

    def note(self, exchange: Exchange) -> None:
        """Remember the model of an exchange that went well."""
        name, ended = exchange.model, exchange.ended
        if name is None or ended is None or exchange.failure is not None:
            return
        if name not in self._asked and len(self._asked) >= MOST:
            del self._asked[min(self._asked, key=self._asked.__getitem__)]
        self._asked[name] = ended

    def left(self) -> Iterator[tuple[str, float]]:
        """The models that count as loaded, the latest first, and for how many seconds more."""
        now = perf_counter()
        for name, ended in sorted(self._asked.items(), key=lambda item: -item[1]):
            if now - ended < KEPT:
                yield name, KEPT - (now - ended)
