"""Whose wire an answer is written in: one module a vendor, each with the same three names."""

from collections.abc import Iterator
from typing import Any, Protocol

from passenger.simulator.catalogue import Vendor
from passenger.simulator.vendors import azure, claude, gemini
from passenger.simulator.vendors.wanted import Wanted

__all__ = ["WIRES", "Wanted", "Wire"]


class Wire(Protocol):
    """A vendor's `/chat/completions` wire."""

    SORTED: bool  # whether its JSON has sorted keys, as CAPI's own, or the vendor's order

    def body(self, wanted: Wanted, /) -> dict[str, Any]:
        """The answer to a request without `stream`."""

    def events(self, wanted: Wanted, /) -> Iterator[dict[str, Any]]:
        """The chunks of a stream, without `[DONE]`."""


WIRES: dict[Vendor, Wire] = {"azure": azure, "claude": claude, "gemini": gemini}
