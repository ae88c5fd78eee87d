"""Who this server is: what it answers when one of our own commands asks."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passenger.control.hello import Hello, Place, read_secret, sign


@dataclass(frozen=True, slots=True)
class Identity:
    """One server, however many workers it has: its version, the process to signal, and its start in Unix seconds.

    `state_dir` is where the user's secret is; it is read at each question, since a command may make it later.
    """

    version: str
    pid: int
    started: float
    state_dir: Path | None = None
    workers: int = 1
    command: str = "passenger"
    """How its user calls us for its login and its settings, for lines that are to be copied."""
    ports: Sequence[int] = ()
    """Those that it listens on, its own before Ollama's."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """What all workers know and nobody else: it is made before they are, and ends with the server."""

    def hello(self, nonce: str, place: Place) -> Hello:
        """Who we are at the address and port that were reached, signed for whoever has the same secret."""
        plain = Hello(self.version, self.pid, self.started)
        secret = read_secret(self.state_dir) if self.state_dir else None
        signature = sign(secret, nonce, place, plain) if secret else None
        return Hello(self.version, self.pid, self.started, signature)
