"""Copilot's `POST /embeddings`; it hides that one request takes only so many texts.

Copilot wants a list, never a bare text or tokens; it may leave out `object` and `model`, and may answer floats where
base64 was asked for, so it is never asked for any.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from passenger.chat import JSON, Usage
from passenger.embeddings.ask import EmbedAsk, Vectors
from passenger.errors import Failure, Kind

PATH = "/embeddings"
"""Below the API's base URL."""

MAX_INPUTS = 512
"""Texts in one request, where the catalogue does not say."""

_NO_NUMBER = tuple(b'"{[ul')
"""Of these bytes a JSON array of numbers has none but its first bracket; anything else in an array has one of them."""


def upstream_bodies(ask: EmbedAsk, model: str, max_inputs: int | None = None) -> list[JSON]:
    """The requests that together embed the texts, in their order; none where there is no text.

    `model` is the name that goes up, `max_inputs` the catalogue's limit of texts for it.
    """
    step = max_inputs if max_inputs is not None and max_inputs > 0 else MAX_INPUTS
    sizes: JSON = {} if ask.dimensions is None else {"dimensions": ask.dimensions}
    return [
        {"model": model, "input": list(ask.inputs[start : start + step]), **sizes}
        for start in range(0, len(ask.inputs), step)
    ]


# --- what comes back ---------------------------------------------------------------------------------------------


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


def read_vectors(body: bytes) -> tuple[list[Raw], Usage]:
    """The vectors of one answer in the order of its texts, and the tokens that they took.

    Raises:
        Failure: it is not a list of vectors (code `bad_answer`).
    """
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise bad_answer(str(error)) from error
    rows = _in_order(answer.data)
    if not all(_is_vector(row.embedding) for row in rows):
        raise bad_answer("an embedding is not an array of numbers")
    return [row.embedding for row in rows], Usage(input=_tokens(answer.usage))


def bad_answer(reason: str) -> Failure:
    """The failure of an answer that cannot be understood."""
    return Failure(Kind.UPSTREAM, f"Copilot's answer is not a list of embeddings: {reason}", code="bad_answer")


def matched(ask: EmbedAsk, vectors: Vectors) -> Vectors:
    """The vectors, one for each text.

    Raises:
        Failure: there are more or fewer.
    """
    if len(vectors) != len(ask.inputs):
        raise bad_answer(f"it has {len(vectors)} for {len(ask.inputs)} texts")
    return vectors


def _in_order(rows: list[_Row]) -> list[_Row]:
    """The rows by their index, as they came where none has one."""
    if all(row.index is None for row in rows):
        return rows
    by_index = {row.index: row for row in rows}
    if by_index.keys() != set(range(len(rows))):
        raise bad_answer("its indexes are not those of the texts")
    return [by_index[index] for index in range(len(rows))]


def _is_vector(raw: Raw) -> bool:
    """Whether this JSON value, known to be well formed, is an array of numbers with at least one in it."""
    content = bytes(raw)
    inside = content[1:-1]
    return content[:1] == b"[" and bool(inside.strip()) and not any(byte in inside for byte in _NO_NUMBER)


def _tokens(usage: _Usage | None) -> int:
    """The tokens of the texts; 0 where the answer does not say, which no client minds."""
    return (usage.prompt_tokens or usage.total_tokens or 0) if usage else 0
