"""What every chat dialect has in common: the request as far as it must be known to relay it, and what it used."""

from dataclasses import dataclass
from enum import StrEnum


class Initiator(StrEnum):
    """Who caused a request: a person who typed, or a program going on by itself (`X-Initiator`)."""

    USER = "user"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Ask:
    """The few facts of a request that routing, headers and relaying need.

    `wants_usage` is false where the client would be surprised by a usage event; `thinks` is true where it asks
    the model to reason.
    """

    model: str
    stream: bool
    initiator: Initiator
    vision: bool = False
    tools: bool = False
    thinks: bool = False
    wants_usage: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `cached` is part of `input`, `reasoning` is part of `output` where the vendor counts so."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    nano_credits: int | None = None
    """Copilot's own bill: 1e9 are one AI credit; None where it sent none."""
