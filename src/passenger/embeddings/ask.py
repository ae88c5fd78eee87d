"""What an embedding request asks for, in no vendor's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from passenger.chat import Usage
from passenger.dialects import Request

Decode = Callable[[list[int]], str]
"""The text of cl100k_base tokens; raises ValueError for an id that is none of them."""

Vectors = Sequence[msgspec.Raw]
"""A JSON array of numbers for each text, in the very digits that Copilot sent."""


@dataclass(frozen=True, slots=True)
class EmbedAsk:
    """The texts to embed, and how.

    `base64`: the vectors are wanted as little-endian float32. `dropped` names, in the client's own words, what its
    reader understood and Copilot has no place for.
    """

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None = None
    base64: bool = False
    dropped: tuple[str, ...] = ()


class Dialect(Protocol):
    """One way of asking for embeddings."""

    def read(self, request: Request, decode: Decode, /) -> EmbedAsk:
        """The request, or a Failure that names the field at fault."""
        ...

    def write(self, ask: EmbedAsk, vectors: Vectors, usage: Usage, /) -> bytes:
        """The answer, or a Failure where a text has no vector."""
        ...
