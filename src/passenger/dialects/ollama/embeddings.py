"""`POST /api/embed` (https://docs.ollama.com/api/embed) and its predecessor `POST /api/embeddings`.

No text is answered with no vector, without a request to Copilot.
"""

from collections.abc import Iterator

import msgspec

from passenger.chat.events import Usage
from passenger.dialects import Request
from passenger.dialects.embeddings import (
    Decode,
    EmbeddingsDialect,
    EmbeddingsRequest,
    Vectors,
    check_count,
    read_dimensions,
)
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid

_READ = frozenset({"model", "input", "dimensions", "truncate", "options"})


def read(request: Request, _decode: Decode) -> EmbeddingsRequest:
    """The request."""
    body = read_node(request.body)
    return EmbeddingsRequest(
        model=_read_model(body),
        inputs=_read_inputs(body.get("input")),
        dimensions=read_dimensions(body, "dimensions"),
        # Copilot refuses long texts, as Ollama does where `truncate` is false.
        dropped=(*(["truncate"] if body.boolean("truncate") else ()), *_options(body), *body.unknown(_READ)),
    )


def write(request: EmbeddingsRequest, vectors: Vectors, usage: Usage, nanoseconds: int = 0, /) -> bytes:
    """The answer, which took `nanoseconds`. Fails unless there is one vector for each text."""
    took = {"total_duration": nanoseconds, "load_duration": 0, "prompt_eval_count": usage.input}
    return msgspec.json.encode({"model": request.model, "embeddings": check_count(request, vectors), **took})


def _read_model(body: JsonNode) -> str:
    """The name of the model without the default tag."""
    model = body.filled_text("model").removesuffix(":latest")
    if not model:
        raise body.missing("model")
    return model


def _options(body: JsonNode) -> Iterator[str]:
    """The paths of the options that are set. All of them tune a local machine."""
    return body.node_or_empty("options").unknown(())


def _read_inputs(value: object) -> tuple[str, ...]:
    match value:
        case None | "":
            return ()
        case str():
            return (value,)
        case list():
            return tuple(_check_text(item, f"input[{index}]") for index, item in enumerate(value))
        case _:
            raise invalid("input must be a string or an array of strings", "input")


def _check_text(item: object, at: str) -> str:
    if not isinstance(item, str):
        raise invalid(f"{at} must be a string", at)
    if not item:
        raise invalid(f"{at} is empty, and Copilot embeds no empty text", at)
    return item


EMBED = EmbeddingsDialect(read=read, write=write)


# --- `POST /api/embeddings`, which `/api/embed` has replaced -----------------------------------------------------


_READ_OF_OLD = frozenset({"model", "prompt", "options"})


def read_old(request: Request, _decode: Decode) -> EmbeddingsRequest:
    """The request."""
    body = read_node(request.body)
    prompt = body.text("prompt")
    dropped = (*_options(body), *body.unknown(_READ_OF_OLD))
    return EmbeddingsRequest(_read_model(body), (prompt,) if prompt else (), dropped=dropped)


def write_old(request: EmbeddingsRequest, vectors: Vectors, _usage: Usage, _nanoseconds: int = 0, /) -> bytes:
    """The answer, empty if there was no text. Fails if a text has no vector."""
    found = check_count(request, vectors)
    return msgspec.json.encode({"embedding": found[0] if found else []})


EMBEDDINGS = EmbeddingsDialect(read=read_old, write=write_old)
