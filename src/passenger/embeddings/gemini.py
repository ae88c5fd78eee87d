"""Google's `models/{model}:embedContent`: one content in, one vector out.

Facts: the Gemini API reference ("Embeddings"). Every field may be spelled in camelCase and in snake_case.
"""

import re
from dataclasses import dataclass

import msgspec

from passenger.chat import JSON, Usage
from passenger.decoding import invalid
from passenger.dialects import Request
from passenger.embeddings.ask import Decode, EmbedAsk, Vectors
from passenger.embeddings.decoding import dimensions, read_object, table, text
from passenger.embeddings.upstream import matched

_READ_OF_CONFIG = frozenset({"outputDimensionality"})
_READ = frozenset({"model", "content", "embedContentConfig"}) | _READ_OF_CONFIG


def read(request: Request, _decode: Decode) -> EmbedAsk:
    """The request for the model that the path names.

    Raises:
        Failure: it is at fault; `param` is the field.
    """
    model = model_of(request)
    one = read_one(read_object(request.body), model)
    return EmbedAsk(model, (one.text,), one.dimensions, dropped=one.dropped)


def write(ask: EmbedAsk, vectors: Vectors, usage: Usage) -> bytes:
    """The answer; a Failure where there is not one vector."""
    (values,) = matched(ask, vectors)
    return msgspec.json.encode({"embedding": {"values": values}, "usageMetadata": metadata(usage)})


def metadata(usage: Usage) -> JSON:
    """What the texts took."""
    return {"promptTokenCount": usage.input}


# --- one content, which is also one of many ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class One:
    """One content to embed; `dropped` are names within its own request."""

    text: str
    dimensions: int | None
    dropped: tuple[str, ...]


def model_of(request: Request) -> str:
    """The model that the path names."""
    model = _plain(request.path_params.get("model", ""))
    if not model:
        raise invalid("the path names no model", "model")
    return model


def read_one(fields: JSON, model: str, place: str = "") -> One:
    """One request; `place` is the name of what it stands in, with its dot.

    Raises:
        Failure: it is at fault, or is for another model than `model`.
    """
    _must_be_for(model, fields, place)
    config_name = spelled(fields, "embedContentConfig")
    config, inner = table(fields, config_name, place), f"{place}{config_name}."
    size = dimensions(fields, spelled(fields, "outputDimensionality"), place)
    return One(
        text=_said(fields, place),
        dimensions=dimensions(config, spelled(config, "outputDimensionality"), inner) if size is None else size,
        dropped=(
            *_left_out(fields, _READ),
            *(f"{config_name}.{name}" for name in _left_out(config, _READ_OF_CONFIG)),
        ),
    )


def spelled(fields: JSON, name: str) -> str:
    """The spelling of a camelCase name that is used here."""
    snake = re.sub(r"[A-Z]", lambda upper: f"_{upper[0].lower()}", name)
    return snake if fields.get(name) is None and fields.get(snake) is not None else name


def _left_out(fields: JSON, known: frozenset[str]) -> tuple[str, ...]:
    """What Copilot has no place for: `taskType`, `title`, `autoTruncate` and fields yet to come."""
    return tuple(name for name, value in fields.items() if _camel(name) not in known and value is not None)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def _must_be_for(model: str, fields: JSON, place: str) -> None:
    named = text(fields, "model")
    if named and _plain(named) != model:
        raise invalid(f"{place}model is {named!r}, but the path says {model!r}", f"{place}model")


def _plain(name: str) -> str:
    return name.removeprefix("models/")


def _said(fields: JSON, place: str) -> str:
    """The words of the content; those of several parts follow one another."""
    parts, at = table(fields, "content", place).get("parts"), f"{place}content.parts"
    if not isinstance(parts, list):
        raise invalid(f"{at} must be an array", at)
    said = "".join(_words(part, f"{at}[{index}]") for index, part in enumerate(parts))
    if not said:
        raise invalid(f"{place}content must hold text", f"{place}content")
    return said


def _words(part: object, at: str) -> str:
    if not isinstance(part, dict):
        raise invalid(f"{at} must be an object", at)
    for name, value in part.items():
        if name != "text" and value is not None:
            raise invalid(f"{at}.{name} cannot be embedded: these models take text alone", f"{at}.{name}")
    said = part.get("text")
    if not isinstance(said, str):
        raise invalid(f"{at}.text must be a string", f"{at}.text")
    return said
