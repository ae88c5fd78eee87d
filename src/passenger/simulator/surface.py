"""What a generating path is given and what it gives: the frame that each surface of the Copilot API fills in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from passenger.simulator.account import Account
from passenger.simulator.caching import PromptCache
from passenger.simulator.catalogue import Catalogue, Model
from passenger.simulator.faults import Directive, Fault
from passenger.simulator.recorded import Recorded
from passenger.simulator.reply import ErrorEvent, Event, go_json, raw_json


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, the faults and orders that came with it, and what surrounds it; `created` is in Unix seconds."""

    request: Recorded
    fault: Fault
    orders: list[Directive]
    account: Account
    catalogue: Catalogue
    cache: PromptCache
    created: int
    seed: int

    def encode(self, value: Any, *, ordered: bool = True) -> bytes:  # Any: the JSON edge
        """JSON as CAPI writes it, or with raw line separators when that is ordered."""
        return (raw_json if self.fault.unicode_separators else go_json)(value, ordered=ordered)

    def streams(self, body: dict[str, Any]) -> bool:
        """Whether the answer to that body comes as a stream."""
        return bool(body.get("stream")) and not self.fault.json_for_stream


@dataclass(frozen=True, slots=True)
class Generated:
    """The model that answered and its answer: a body, or events; only what is `metered` counts against the quota."""

    model: Model
    body: bytes | tuple[Event, ...]
    done: bool = False
    error: ErrorEvent | None = None
    metered: bool = True


@dataclass(frozen=True, slots=True)
class Surface:
    """A generating path: how it answers (raising RefusedError), and which text of its body may hold directives."""

    reply_to: Callable[[Asked], Generated]
    prompted: Callable[[Any], str]  # Any: the JSON edge
