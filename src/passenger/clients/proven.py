"""Which models have answered of late, so that nobody pays for the same proof twice a day."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from passenger.store import PrivateFile, StoreError

DAY = 86_400.0
"""Seconds that a proof is good for."""


@dataclass(frozen=True)
class Proven:
    """The proofs of the last day in a file; what cannot be read or written is none."""

    path: Path

    def holds(self, client: str, model: str, server: str | None, now: float) -> bool:
        """Whether that model has answered that client's dialect at that server within a day."""
        return server is not None and _name(client, model, server) in self._read(now)

    def note(self, client: str, model: str, server: str | None, now: float) -> None:
        """Remember that it has. Of what two launches note at the same moment one may be lost."""
        if server is None:
            return
        with suppress(StoreError):
            PrivateFile(self.path).write({**self._read(now), _name(client, model, server): now})

    def _read(self, now: float) -> dict[str, float]:
        with suppress(StoreError):
            found = PrivateFile(self.path).read() or {}
            return {name: at for name, at in found.items() if isinstance(at, int | float) and 0 <= now - at < DAY}
        return {}


def _name(client: str, model: str, server: str) -> str:
    return f"{client} {model} {server}"
