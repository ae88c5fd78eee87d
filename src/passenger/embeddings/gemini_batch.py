"""Google's `models/{model}:batchEmbedContents`: many contents in, as many vectors out."""

import msgspec

from passenger.chat import JSON, Usage
from passenger.decoding import invalid
from passenger.dialects import Request
from passenger.embeddings.ask import Decode, EmbedAsk, Vectors
from passenger.embeddings.decoding import others, read_object
from passenger.embeddings.gemini import One, metadata, model_of, read_one
from passenger.embeddings.upstream import matched


def read(request: Request, _decode: Decode) -> EmbedAsk:
    """The request for the model that the path names.

    Raises:
        Failure: it is at fault, or wants vectors of several sizes; `param` is the field.
    """
    model, fields = model_of(request), read_object(request.body)
    many = [read_one(one, model, f"requests[{index}].") for index, one in enumerate(_requests(fields))]
    inner = dict.fromkeys(f"requests[].{name}" for one in many for name in one.dropped)
    dropped = (*others(fields, {"model", "requests"}), *inner)
    return EmbedAsk(model, tuple(one.text for one in many), _size(many), dropped=dropped)


def write(ask: EmbedAsk, vectors: Vectors, usage: Usage) -> bytes:
    """The answer; a Failure where there is not one vector for each content."""
    embeddings = [{"values": values} for values in matched(ask, vectors)]
    return msgspec.json.encode({"embeddings": embeddings, "usageMetadata": metadata(usage)})


def _requests(fields: JSON) -> list[JSON]:
    requests = fields.get("requests")
    if not isinstance(requests, list) or not requests:
        raise invalid("requests must be an array that is not empty", "requests")
    for index, one in enumerate(requests):
        if not isinstance(one, dict):
            raise invalid(f"requests[{index}] must be an object", f"requests[{index}]")
    return requests


def _size(many: list[One]) -> int | None:
    """The one size of all vectors."""
    size = many[0].dimensions
    for index, one in enumerate(many):
        if one.dimensions != size:
            name = f"requests[{index}].outputDimensionality"
            raise invalid(f"{name} is another than that of the first: one batch has vectors of one size", name)
    return size
