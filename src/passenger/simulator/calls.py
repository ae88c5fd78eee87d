"""A tool call as a model writes it, and one whose arguments satisfy its tool's schema."""

import json
from dataclasses import dataclass

from passenger.simulator.filler import fill


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: its name, and its arguments as the JSON text a model writes."""

    name: str
    arguments: str


def filled(name: str, schema: object) -> Call:
    """A call with arguments that satisfy a schema; a tool without one takes free text."""
    return Call(name, "simulated input" if schema is None else json.dumps(fill(schema)))
