"""Ollama's `POST /api/embed`: a text or many in, as many vectors out.

Facts: Ollama's API reference ("Generate embeddings"). It answers no texts with no vectors, and takes the tag
`:latest` for none.
"""

import msgspec

from passenger.chat import JSON, Usage
from passenger.decoding import invalid
from passenger.dialects import Request
from passenger.embeddings.ask import Decode, EmbedAsk, Vectors
from passenger.embeddings.decoding import dimensions, flag, others, read_object, table, word
from passenger.embeddings.upstream import matched

_READ = frozenset({"model", "input", "dimensions", "truncate", "options"})


def read(request: Request, _decode: Decode) -> EmbedAsk:
    """The request.

    Raises:
        Failure: it is at fault; `param` is the field.
    """
    fields = read_object(request.body)
    return EmbedAsk(
        model=model_of(fields),
        inputs=_inputs(fields.get("input")),
        dimensions=dimensions(fields, "dimensions"),
        dropped=(*_untruncated(fields), *options(fields), *others(fields, _READ)),
    )


def write(ask: EmbedAsk, vectors: Vectors, usage: Usage, *, nanoseconds: int = 0) -> bytes:
    """The answer, which took `nanoseconds`; a Failure where there is not one vector for each text."""
    took = {"total_duration": nanoseconds, "load_duration": 0, "prompt_eval_count": usage.input}
    return msgspec.json.encode({"model": ask.model, "embeddings": matched(ask, vectors), **took})


def model_of(fields: JSON) -> str:
    """The model, without the tag that every model has here."""
    model = word(fields, "model").removesuffix(":latest")
    if not model:
        raise invalid("model is missing", "model")
    return model


def options(fields: JSON) -> tuple[str, ...]:
    """The options that are set; all of them tune a machine of one's own."""
    return tuple(f"options.{name}" for name in others(table(fields, "options"), ()))


def _untruncated(fields: JSON) -> tuple[str, ...]:
    """Names a wish to cut texts that are too long: Copilot refuses them, as Ollama does where `truncate` is false."""
    return ("truncate",) if flag(fields, "truncate") else ()


def _inputs(value: object) -> tuple[str, ...]:
    match value:
        case None | "":
            return ()
        case str():
            return (value,)
        case list():
            return tuple(_text(item, f"input[{index}]") for index, item in enumerate(value))
        case _:
            raise invalid("input must be a string or an array of strings", "input")


def _text(item: object, at: str) -> str:
    if not isinstance(item, str):
        raise invalid(f"{at} must be a string", at)
    if not item:
        raise invalid(f"{at} is empty, and Copilot embeds no empty text", at)
    return item
