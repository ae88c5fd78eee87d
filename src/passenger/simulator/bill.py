"""The bill of an account: what each of its answers cost, to the last nano AI credit.

An answer is billed as it is made. The prompt is billed once the model has it. The output is billed as far as the model
came: an answer that comes whole was made before its head was written, a stream is made event by event. Whatever ends a
stream before its time (a fault, an error event, a client that leaves) stops the model, and what was made stays on the
bill. Nothing is billed of what never reached a model: a refusal (a 402 too), an error status, a redirect, a connection
that is reset before the first byte. That is how 9.2 and 9.4 of what is known of Copilot read; of cut streams nothing is
recorded, and billing what was made is what the vendors do.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from passenger.simulator.billing import Counts, nano
from passenger.simulator.catalogue import Model
from passenger.simulator.progress import output_made
from passenger.simulator.reply import Event


@dataclass(frozen=True, slots=True)
class Row:
    """One answer: who asked (`x-request-id`), of which model, how many tokens of each price, and what they cost.

    `told` is what the client was told that it costs: None if it was not, or not any more. `whole` says that the model
    came to its end. `premium` is in thousandths of a premium request, 0 for an account that pays by tokens.
    """

    request_id: str
    path: str
    model: str
    counts: Counts
    nano: int
    told: int | None
    whole: bool
    premium: int

    def as_json(self) -> dict[str, Any]:
        """The same as JSON, with the counts beside the rest."""
        kinds = ("input", "cache_read", "cache_write", "output")
        counts = {kind: getattr(self.counts, kind) for kind in kinds}
        names = ("request_id", "path", "model", "nano", "told", "whole", "premium")
        return {name: getattr(self, name) for name in names} | counts


@dataclass(slots=True, eq=False)
class Charge:
    """One answer that is being made; `deliver` says how far it came.

    `counts` are those of the whole answer, `thinking` how much of the output is thought, `told` what the answer says
    that it costs.
    """

    bill: "Bill"
    request_id: str
    path: str
    model: Model
    counts: Counts
    thinking: int = 0
    told: int | None = None
    premium: int = 0
    events: Sequence[Event] | None = None
    written: int = 0
    finished: bool = False

    def begin(self) -> None:
        """The model has the prompt."""
        self.bill.begin(self)

    def wrote(self, events: int) -> None:
        """So many events are written."""
        self.written = events

    def finish(self) -> None:
        """All of it is made."""
        self.finished = True

    def settle(self) -> None:
        """Nothing more will be made."""
        self.bill.settle(self)

    def row(self) -> Row:
        """The row as of now."""
        said = self.finished or (self.events is not None and any(one.billed for one in self.events[: self.written]))
        output = self.counts.output if said else self._output()
        counts = replace(self.counts, output=output)
        told = self.told if said else None
        return Row(
            self.request_id, self.path, self.model.id, counts, nano(self.model, counts), told, said, self.premium
        )

    def _output(self) -> int:
        made = output_made(self.events[: self.written], self.thinking) if self.events and self.written else 0
        return min(made, self.counts.output)


@dataclass(slots=True)
class Bill:
    """What an account owes: sums of everything, and the last `keep` rows in the order in which answers ended."""

    keep: int = 10_000
    settled: int = 0
    """Nano AI credits of the answers that have ended."""
    premium: float = 0.0
    """Premium requests, as an account that pays by them is charged."""
    _ended: int = 0
    _rows: deque[Row] = field(default_factory=deque)
    _open: dict[Charge, None] = field(default_factory=dict)

    def begin(self, charge: Charge) -> None:
        """A model has a prompt."""
        self._open[charge] = None
        self.premium += charge.premium / 1000

    def settle(self, charge: Charge) -> None:
        """An answer has ended, however it did; one that never began is none."""
        if charge not in self._open:
            return
        del self._open[charge]
        row = charge.row()
        self._ended += 1
        self.settled += row.nano
        self._rows.append(row)
        if len(self._rows) > self.keep:
            self._rows.popleft()

    @property
    def requests(self) -> int:
        """How many answers are billed, those that are being made among them."""
        return self._ended + len(self._open)

    @property
    def nano(self) -> int:
        """Nano AI credits of all of them, as far as they are made."""
        return self.settled + sum(charge.row().nano for charge in self._open)

    @property
    def rows(self) -> list[Row]:
        """The rows, those of answers that are being made last."""
        return list(self._all())

    def row(self, request_id: str) -> Row:
        """The last row of a request; raises KeyError without one."""
        found = [row for row in self._all() if row.request_id == request_id]
        if not found:
            raise KeyError(request_id)
        return found[-1]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        sums = {"nano": self.nano, "premium": round(1000 * self.premium), "requests": self.requests}
        return sums | {"rows": [row.as_json() for row in self._all()]}

    def _all(self) -> Iterator[Row]:
        yield from self._rows
        yield from (charge.row() for charge in self._open)
