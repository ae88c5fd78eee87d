"""What a generating path is given and what it gives: the frame that each surface of the Copilot API fills in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from passenger.simulator.account import Account
from passenger.simulator.billing import Counts
from passenger.simulator.caching import PromptCache
from passenger.simulator.catalogue import Catalogue, Model
from passenger.simulator.faults import Directive, Fault, UsageShown
from passenger.simulator.recorded import Recorded
from passenger.simulator.reply import ErrorEvent, Event, go_json, raw_json

COST = "copilot_usage"
NOTHING: dict[str, Any] = {"token_details": [], "total_nano_aiu": 0}


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

    def encode(self, value: dict[str, Any], *, ordered: bool = True) -> bytes:
        """JSON as CAPI writes it, or with raw line separators when that is ordered; the cost as it is to be told."""
        return (raw_json if self.fault.unicode_separators else go_json)(self._priced(value), ordered=ordered)

    def event(self, value: dict[str, Any], *, ordered: bool = True) -> Event:
        """An event of a stream, without a name."""
        return Event(self.encode(value, ordered=ordered), "", COST in value)

    def named(self, value: dict[str, Any]) -> Event:
        """An event that is named after its type."""
        return Event(self.encode(value), value["type"], COST in value)

    @property
    def shows(self) -> UsageShown:
        """What the answer says of its cost."""
        return self.fault.copilot_usage or self.account.copilot_usage

    def _priced(self, value: dict[str, Any]) -> dict[str, Any]:
        if COST not in value or self.shows == "exact":
            return value
        if self.shows == "zero":
            return {key: NOTHING if key == COST else inner for key, inner in value.items()}
        return {key: inner for key, inner in value.items() if key != COST}

    def streams(self, body: dict[str, Any]) -> bool:
        """Whether the answer to that body comes as a stream."""
        return bool(body.get("stream")) and not self.fault.json_for_stream


@dataclass(frozen=True, slots=True)
class Generated:
    """The model that answered and its answer: a body, or events; only what is `metered` counts against the quota.

    `counts` are the tokens that it is billed for, `thinking` those of its output that are thought; None for what is
    never billed.
    """

    model: Model
    body: bytes | tuple[Event, ...]
    counts: Counts | None = None
    thinking: int = 0
    done: bool = False
    error: ErrorEvent | None = None
    metered: bool = True


@dataclass(frozen=True, slots=True)
class Surface:
    """A generating path: how it answers (raising RefusedError), and which text of its body may hold directives."""

    reply_to: Callable[[Asked], Generated]
    prompted: Callable[[Any], str]  # Any: the JSON edge
