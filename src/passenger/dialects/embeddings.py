"""Embeddings: what a client asks for in no vendor's words, and Copilot's `POST /embeddings`.

Each vendor's way to ask is an `EmbeddingsDialect` in the vendor's folder. Copilot takes a list of texts, never a bare
text or tokens. It may leave out `object` and `model`, and may answer floats where base64 was asked for, so it is never
asked for base64.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
from msgspec import Meta, Raw, Struct

from passenger.chat.events import Usage
from passenger.chat.prompt import JSON
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import invalid

if TYPE_CHECKING:
    from passenger.dialects import Request

PATH = "/embeddings"
"""Below the API's base URL."""

MAX_INPUTS = 512
"""Texts in one request where the catalogue names no limit."""

MAX_DIMENSIONS = 2**31 - 1
"""More than any model has, and a number that every JSON reader takes."""

Decode = Callable[[list[int]], str]
"""The text of cl100k_base tokens. Raises ValueError for an id that is no token."""

Vectors = Sequence[Raw]
"""A JSON array of numbers for each text, with the digits that Copilot sent."""


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """The texts to embed, and how.

    `base64`: the vectors are wanted as little-endian float32. `dropped` names, in the client's own spelling, the fields
    that Copilot has no place for.
    """

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None = None
    base64: bool = False
    dropped: tuple[str, ...] = ()


class WriteVectors(Protocol):
    """Writes a client's answer, which took `nanoseconds`; a Failure where a text has no vector."""

    def __call__(self, request: EmbeddingsRequest, vectors: Vectors, usage: Usage, nanoseconds: int = 0, /) -> bytes:
        """The answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsDialect:
    """One way to ask for embeddings."""

    read: "Callable[[Request, Decode], EmbeddingsRequest]"
    """Reads a request; a Failure names the field at fault."""
    write: WriteVectors


def read_dimensions(node: JsonNode, name: str) -> int | None:
    """The wanted length of a vector, None where none is given. Fails where no model can have it."""
    value = node.integer(name)
    if value is not None and not 1 <= value <= MAX_DIMENSIONS:
        raise invalid(f"{node.at(name)} must be at least 1 and no more than a model has", node.at(name))
    return value


# --- Copilot's API -----------------------------------------------------------------------------------------------


def write_requests(request: EmbeddingsRequest, model: str, max_inputs: int | None = None) -> list[JSON]:
    """The bodies that together embed the texts, in their order; none where there is no text.

    `model` is Copilot's name of it, `max_inputs` the catalogue's limit of texts for it.
    """
    step = max_inputs if max_inputs is not None and max_inputs > 0 else MAX_INPUTS
    sizes: JSON = {} if request.dimensions is None else {"dimensions": request.dimensions}
    return [
        {"model": model, "input": list(request.inputs[start : start + step]), **sizes}
        for start in range(0, len(request.inputs), step)
    ]


_Count = Annotated[int, Meta(ge=0, le=2**53)]


class _Row(Struct):
    embedding: Raw
    index: int | None = None


class _Usage(Struct):
    prompt_tokens: _Count | None = None
    total_tokens: _Count | None = None


class _Answer(Struct):
    data: list[_Row]
    usage: _Usage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)

_IN_NO_NUMBER = tuple(b'"{[ul')
"""A JSON array of numbers has none of these bytes but its first bracket; every other array has one of them."""


def read_vectors(body: bytes) -> tuple[list[Raw], Usage]:
    """The vectors of one answer in the order of its texts, and the tokens of the texts.

    Raises:
        Failure: it is not a list of vectors (code `bad_answer`).
    """
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise bad_answer(str(error)) from error
    rows = _sort(answer.data)
    if not all(_is_vector(row.embedding) for row in rows):
        raise bad_answer("an embedding is not an array of numbers")
    return [row.embedding for row in rows], Usage(input=_count_tokens(answer.usage))


def bad_answer(reason: str) -> Failure:
    """The failure of an answer that cannot be understood."""
    return Failure(Kind.UPSTREAM, f"Copilot's answer is not a list of embeddings: {reason}", code="bad_answer")


def check_count(request: EmbeddingsRequest, vectors: Vectors) -> Vectors:
    """The vectors, one for each text. Fails where there are more or fewer."""
    if len(vectors) != len(request.inputs):
        raise bad_answer(f"it has {len(vectors)} for {len(request.inputs)} texts")
    return vectors


def _sort(rows: list[_Row]) -> list[_Row]:
    """The rows by their index, unchanged where none has one."""
    if all(row.index is None for row in rows):
        return rows
    by_index = {row.index: row for row in rows}
    if by_index.keys() != set(range(len(rows))):
        raise bad_answer("its indexes are not those of the texts")
    return [by_index[index] for index in range(len(rows))]


def _is_vector(raw: Raw) -> bool:
    """Whether a well-formed JSON value is an array of one number or more."""
    content = bytes(raw)
    inside = content[1:-1]
    return content[:1] == b"[" and bool(inside.strip()) and not any(byte in inside for byte in _IN_NO_NUMBER)


def _count_tokens(usage: _Usage | None) -> int:
    """The tokens of the texts; 0 where the answer does not say, which no client minds."""
    return (usage.prompt_tokens or usage.total_tokens or 0) if usage else 0
