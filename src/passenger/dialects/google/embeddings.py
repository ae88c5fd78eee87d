"""`models/{model}:embedContent` and `batchEmbedContents`: https://ai.google.dev/api/embeddings.

Fields may be spelled in camelCase or snake_case. What is left out is named as the client spelled it.
"""

import msgspec

from passenger.chat.events import Usage
from passenger.chat.prompt import JSON
from passenger.dialects import Request
from passenger.dialects.embeddings import (
    Decode,
    EmbeddingsDialect,
    EmbeddingsRequest,
    Vectors,
    check_count,
    read_dimensions,
)
from passenger.dialects.google.fields import camel_case, read_model
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid

_READ_OF_CONFIG = frozenset({"outputDimensionality"})
_READ = frozenset({"model", "content", "embedContentConfig"}) | _READ_OF_CONFIG


def read(request: Request, _decode: Decode) -> EmbeddingsRequest:
    """The request for the model that the path names."""
    return _read_content(read_node(request.body), read_model(request))


def write(request: EmbeddingsRequest, vectors: Vectors, usage: Usage, _nanoseconds: int = 0, /) -> bytes:
    """The answer; a Failure where there is not one vector."""
    (values,) = check_count(request, vectors)
    return msgspec.json.encode({"embedding": {"values": values}, "usageMetadata": _usage_metadata(usage)})


def _usage_metadata(usage: Usage) -> JSON:
    return {"promptTokenCount": usage.input}


# --- one content, which is also one of many ----------------------------------------------------------------------


def _read_content(body: JsonNode, model: str) -> EmbeddingsRequest:
    """One request. Fails also where it is for another model than `model`."""
    _check_model(model, body)
    config_name = _spelling(body, "embedContentConfig")
    config = body.node_or_empty(config_name)
    size = read_dimensions(body, _spelling(body, "outputDimensionality"))
    return EmbeddingsRequest(
        model,
        (_read_text(body),),
        dimensions=read_dimensions(config, _spelling(config, "outputDimensionality")) if size is None else size,
        dropped=(
            *_unread(body.fields, _READ),
            *(f"{config_name}.{name}" for name in _unread(config.fields, _READ_OF_CONFIG)),
        ),
    )


def _spelling(node: JsonNode, name: str) -> str:
    """How the client spells a field: in camelCase unless another spelling alone has a value."""
    if node.get(name) is not None:
        return name
    return next(
        (given for given, value in node.fields.items() if camel_case(given) == name and value is not None), name
    )


def _unread(fields: JSON, known: frozenset[str]) -> tuple[str, ...]:
    """The fields that Copilot has no place for: `taskType`, `title`, `autoTruncate` and unknown ones."""
    return tuple(name for name, value in fields.items() if camel_case(name) not in known and value is not None)


def _check_model(model: str, body: JsonNode) -> None:
    named = body.text("model")
    if named and named.removeprefix("models/") != model:
        raise invalid(f"{body.at('model')} is {named!r}, but the path says {model!r}", body.at("model"))


def _read_text(body: JsonNode) -> str:
    """The text of all parts of the content."""
    content = body.node_or_empty("content")
    if content.get("parts") is None:
        raise content.wrong("parts", "an array")
    text = "".join(map(_read_part, content.nodes("parts")))
    if not text:
        raise invalid(f"{body.at('content')} must hold text", body.at("content"))
    return text


def _read_part(part: JsonNode) -> str:
    for place in part.unknown({"text"}):
        raise invalid(f"{place} cannot be embedded: these models take text alone", place)
    return part.required_text("text")


EMBED_CONTENT = EmbeddingsDialect(read=read, write=write)


# --- `batchEmbedContents` ----------------------------------------------------------------------------------------


def read_batch(request: Request, _decode: Decode) -> EmbeddingsRequest:
    """The request for the model that the path names. Fails also where it wants vectors of several sizes."""
    model, body = read_model(request), read_node(request.body)
    many = [_read_content(one, model) for one in body.nodes("requests")]
    if not many:
        raise body.wrong("requests", "an array that is not empty")
    inner = dict.fromkeys(f"requests[].{name}" for one in many for name in one.dropped)
    dropped = (*body.unknown({"model", "requests"}), *inner)
    inputs = tuple(text for one in many for text in one.inputs)
    return EmbeddingsRequest(model, inputs, _read_size(many), dropped=dropped)


def write_batch(request: EmbeddingsRequest, vectors: Vectors, usage: Usage, _nanoseconds: int = 0, /) -> bytes:
    """The answer; a Failure where there is not one vector for each content."""
    embeddings = [{"values": values} for values in check_count(request, vectors)]
    return msgspec.json.encode({"embeddings": embeddings, "usageMetadata": _usage_metadata(usage)})


def _read_size(many: list[EmbeddingsRequest]) -> int | None:
    """The size of the vectors, which must be the same for the whole batch."""
    size = many[0].dimensions
    for index, one in enumerate(many):
        if one.dimensions != size:
            name = f"requests[{index}].outputDimensionality"
            raise invalid(f"{name} is another than that of the first: one batch has vectors of one size", name)
    return size


BATCH_EMBED_CONTENTS = EmbeddingsDialect(read=read_batch, write=write_batch)
