"""OpenAI's `POST /v1/embeddings`: https://platform.openai.com/docs/api-reference/embeddings/create."""

import struct

import msgspec

from passenger.chat.events import Usage
from passenger.dialects import Request
from passenger.dialects.embeddings import (
    Decode,
    EmbeddingsDialect,
    EmbeddingsRequest,
    Vectors,
    bad_answer,
    check_count,
    read_dimensions,
)
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid

MAX_INPUTS = 2048
"""Texts in one request."""

_READ = frozenset({"model", "input", "dimensions", "encoding_format"})
_NUMBERS = msgspec.json.Decoder(list[float])


def read(request: Request, decode: Decode) -> EmbeddingsRequest:
    """The request; tokens become the text that they are."""
    body = read_node(request.body)
    return EmbeddingsRequest(
        model=body.filled_text("model"),
        inputs=_read_inputs(body.get("input"), decode),
        dimensions=read_dimensions(body, "dimensions"),
        base64=_wants_base64(body),
        dropped=tuple(body.unknown(_READ)),
    )


def write(request: EmbeddingsRequest, vectors: Vectors, usage: Usage, _nanoseconds: int = 0, /) -> bytes:
    """The answer: the numbers in the digits that came, or as base64. Fails where one is too large for a float32."""
    spent = {"prompt_tokens": usage.input, "total_tokens": usage.input}
    rows = [
        {"object": "embedding", "index": index, "embedding": _pack(vector) if request.base64 else vector}
        for index, vector in enumerate(check_count(request, vectors))
    ]
    return msgspec.json.encode({"object": "list", "data": rows, "model": request.model, "usage": spent})


def _pack(vector: msgspec.Raw) -> bytes:
    """The vector as little-endian float32; the encoder writes bytes as base64."""
    try:
        numbers = _NUMBERS.decode(vector)
        return struct.pack(f"<{len(numbers)}f", *numbers)
    except (msgspec.ValidationError, OverflowError) as error:
        raise bad_answer("a number is too large for a float32") from error


# --- what is asked -----------------------------------------------------------------------------------------------


def _wants_base64(body: JsonNode) -> bool:
    form = body.text("encoding_format")
    if form not in {None, "float", "base64"}:
        raise invalid("encoding_format must be float or base64", "encoding_format")
    return form == "base64"


def _read_inputs(value: object, decode: Decode) -> tuple[str, ...]:
    """The texts of an input, which is a text, texts, tokens or lists of tokens."""
    if isinstance(value, str):
        return (_check_text(value),)
    if not isinstance(value, list) or not value:
        raise invalid(
            "input must be a string or an array that is not empty, of strings, tokens or arrays of tokens", "input"
        )
    kinds = {type(item) for item in value}
    if kinds == {int}:
        return (_decode_tokens(value, decode),)
    if len(value) > MAX_INPUTS:
        raise invalid(f"input has {len(value)} texts; {MAX_INPUTS} are the most that one request may have", "input")
    if kinds == {str}:
        return tuple(_check_text(item) for item in value)
    if kinds == {list}:
        return tuple(_decode_tokens(item, decode) for item in value)
    raise invalid("input must hold strings alone, tokens alone, or arrays of tokens alone", "input")


def _check_text(text: str) -> str:
    if not text:
        raise invalid("input must not hold an empty string", "input")
    return text


def _decode_tokens(tokens: list[object], decode: Decode) -> str:
    ids = [token for token in tokens if type(token) is int]  # a bool is an int to isinstance
    if not ids or len(ids) != len(tokens):
        raise invalid("input must hold arrays of tokens that are not empty", "input")
    try:
        return decode(ids)
    except ValueError as error:
        raise invalid(f"input holds a token that cl100k_base does not have: {error}", "input") from error


EMBEDDINGS = EmbeddingsDialect(read=read, write=write)
