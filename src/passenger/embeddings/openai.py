"""OpenAI's `POST /v1/embeddings`.

Facts: the OpenAI API reference ("Create embeddings").
"""

import struct

import msgspec

from passenger.chat import JSON, Usage
from passenger.decoding import invalid
from passenger.dialects import Request
from passenger.embeddings.ask import Decode, EmbedAsk, Vectors
from passenger.embeddings.decoding import dimensions, others, read_object, text, word
from passenger.embeddings.upstream import bad_answer, matched

MAX_INPUTS = 2048
"""Texts in one request."""

_READ = frozenset({"model", "input", "dimensions", "encoding_format"})
_NUMBERS = msgspec.json.Decoder(list[float])


def read(request: Request, decode: Decode) -> EmbedAsk:
    """The request; tokens become the text that they are.

    Raises:
        Failure: it is at fault; `param` is the field.
    """
    fields = read_object(request.body)
    return EmbedAsk(
        model=word(fields, "model"),
        inputs=_inputs(fields.get("input"), decode),
        dimensions=dimensions(fields, "dimensions"),
        base64=_wants_base64(fields),
        dropped=others(fields, _READ),
    )


def write(ask: EmbedAsk, vectors: Vectors, usage: Usage) -> bytes:
    """The answer: the numbers in the digits that came, or as base64.

    Raises:
        Failure: there is not one vector for each text, or a number that is too large for a float32.
    """
    spent = {"prompt_tokens": usage.input, "total_tokens": usage.input}
    rows = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if ask.base64 else vector}
        for index, vector in enumerate(matched(ask, vectors))
    ]
    return msgspec.json.encode({"object": "list", "data": rows, "model": ask.model, "usage": spent})


def _packed(vector: msgspec.Raw) -> bytes:
    """The vector as little-endian float32; the encoder writes bytes as base64."""
    try:
        numbers = _NUMBERS.decode(vector)
        return struct.pack(f"<{len(numbers)}f", *numbers)
    except (msgspec.ValidationError, OverflowError) as error:
        raise bad_answer("a number is too large for a float32") from error


# --- what is asked -----------------------------------------------------------------------------------------------


def _wants_base64(fields: JSON) -> bool:
    form = text(fields, "encoding_format")
    if form not in {None, "float", "base64"}:
        raise invalid("encoding_format must be float or base64", "encoding_format")
    return form == "base64"


def _inputs(value: object, decode: Decode) -> tuple[str, ...]:
    """The texts of any of the four forms: a text, texts, tokens, lists of tokens."""
    if isinstance(value, str):
        return (_spoken(value),)
    if not isinstance(value, list) or not value:
        raise invalid(
            "input must be a string or an array that is not empty, of strings, tokens or arrays of tokens", "input"
        )
    kinds = {type(item) for item in value}
    if kinds == {int}:
        return (_detokenised(value, decode),)
    if len(value) > MAX_INPUTS:
        raise invalid(f"input has {len(value)} texts; {MAX_INPUTS} are the most that one request may have", "input")
    if kinds == {str}:
        return tuple(_spoken(item) for item in value)
    if kinds == {list}:
        return tuple(_detokenised(item, decode) for item in value)
    raise invalid("input must hold strings alone, tokens alone, or arrays of tokens alone", "input")


def _spoken(said: str) -> str:
    if not said:
        raise invalid("input must not hold an empty string", "input")
    return said


def _detokenised(tokens: list[object], decode: Decode) -> str:
    ids = [token for token in tokens if type(token) is int]  # a bool is an int to isinstance
    if not ids or len(ids) != len(tokens):
        raise invalid("input must hold arrays of tokens that are not empty", "input")
    try:
        return decode(ids)
    except ValueError as error:
        raise invalid(f"input holds a token that cl100k_base does not have: {error}", "input") from error
