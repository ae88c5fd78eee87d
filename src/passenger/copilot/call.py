"""A request to Copilot as facts: what is asked, for whose seat, of which model, and who caused it."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Initiator


class Operation(StrEnum):
    """What is asked."""

    CHAT = "chat"
    COUNT = "count"
    EMBED = "embed"
    LIST_MODELS = "list models"

    @property
    def method(self) -> str:
        """How it is asked."""
        return "GET" if self is Operation.LIST_MODELS else "POST"


class Call(Struct, frozen=True):
    """One finished request to Copilot.

    `path` is below the API's base URL, or a whole URL of another place. `first_byte` is how many seconds upstream
    may take to its headers, `idle` how many between two pieces of its body.
    """

    operation: Operation
    path: str
    body: bytes = b""
    seat: str = ""
    model: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    """What the catalogue says of the model."""
    stream: bool = False
    initiator: Initiator = Initiator.USER
    is_agents: bool = False
    """Whether tools are offered or thinking is asked for, as agents do."""
    vision: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the API of the model wants beyond the headers that the facts become."""
    first_byte: float = 300.0
    idle: float = 300.0
    is_anonymous: bool = False
    """Whether it goes without the seat's token."""
    named: Callable[[str], str | None] = str
    """What the client calls a field of the body, None where it has sent no such thing."""
