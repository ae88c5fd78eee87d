"""What the checks look at: the settings, the machine, and what is asked of GitHub and Copilot once for all of them."""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passenger import __version__
from passenger.accounts import Access, Login
from passenger.clients.plan import Client, Installed, Machine
from passenger.config import Loaded
from passenger.control.client import Found
from passenger.copilot.models import Catalog
from passenger.copilot.protocol import CopilotUser
from passenger.doctor.hops import Trace
from passenger.network import Network


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a check may look at. What is asked of others is asked when a check first needs it, and once."""

    loaded: Loaded
    machine: Machine
    network: Network
    own: Path
    """The command that belongs to the running interpreter; it need not exist."""
    token_files: Sequence[Path]
    """Those that are read and written, whether they exist or not."""
    state_dir: Path
    log_in: str = "passenger login"
    """The command that makes the login that is meant."""
    version: str = __version__
    clients: Sequence[str] = ()
    """The clients that were asked for by name; all that are installed where there are none."""
    clock: Callable[[], float]

    server: Callable[[], Awaitable[Found]]
    """Who answers where we are set to serve."""
    listener: Callable[[int], Awaitable[Found]]
    """Who answers on another port of this machine."""
    login: Callable[[], Awaitable[Login | None]]
    access: Callable[[], Awaitable[Access]]
    seat: Callable[[], Awaitable[CopilotUser]]
    catalog: Callable[[], Awaitable[Catalog]]
    traces: Callable[[], Awaitable[Mapping[str, Trace]]]
    """The ways to all hosts that are asked, by what they are for: `github`, `copilot`."""
    version_of: Callable[[Path], Awaitable[str]]
    """What a program prints for `--version`; "" where it cannot be run."""
    installed: Callable[[Client], Awaitable[Installed | None]]
    set_up: Callable[[str], Sequence[tuple[str, str]]]
    """The files that `setup` has written for a client, by its name, each with its state now."""
    system: str = field(default_factory=platform.system)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that it was started in."""
        return self.machine.environ

    @property
    def address(self) -> str:
        """Where we are set to serve."""
        server = self.loaded.config.server
        return f"{f'[{server.host}]' if ':' in server.host else server.host}:{server.port}"
