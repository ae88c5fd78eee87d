"""`POST /embeddings`: a list of texts in, unit vectors out, the same for the same text."""

import hashlib
import math
import struct
from typing import Any

import msgspec

from passenger.simulator.billing import Counts
from passenger.simulator.catalogue import Model
from passenger.simulator.question import Body, tokens
from passenger.simulator.refusals import INVALID_BODY, TOO_LARGE, UNSUPPORTED_MODEL, Refusal, RefusedError
from passenger.simulator.surface import Asked, Generated, Surface
from passenger.simulator.tuning import unsupported
from passenger.simulator.validation import MAX_BYTES, other_path

PATH = "/embeddings"
DIMENSIONS = 1536
MAX_INPUTS = 512
MAX_TOKENS = 8192  # a text


def reply_to(asked: Asked) -> Generated:
    """Embed each text; raises RefusedError when CAPI would not. `encoding_format` is ignored, as it is there."""
    if len(asked.request.body) > MAX_BYTES:
        raise RefusedError(TOO_LARGE)
    body = _read_body(asked)
    model = _find(asked, body["model"])
    texts = _texts(body, overflow=asked.fault.overflow)
    size = _dimensions(body, model)
    count = sum(tokens(text) for text in texts)
    rows = [
        {"embedding": vector(text, size, asked.seed), "index": index, "object": "embedding"}
        for index, text in enumerate(texts)
    ]
    answer = {"data": rows, "usage": {"prompt_tokens": count, "total_tokens": count}}
    return Generated(model, asked.encode(answer), Counts(input=count), metered=False)


def vector(text: str, size: int, seed: int) -> list[float]:
    """A vector of length one whose direction only the text and the seed decide."""
    raw = hashlib.shake_256(f"{seed}\n{text}".encode("utf-8", "surrogatepass")).digest(4 * size)
    numbers = [(number + 0.5) / 2**31 for number in struct.unpack(f"<{size}i", raw)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


def prompted(body: Any) -> str:  # Any: the JSON edge
    """The last text, which may hold directives."""
    texts = body.get("input") if isinstance(body, dict) else None
    return texts[-1] if isinstance(texts, list) and texts and isinstance(texts[-1], str) else ""


def _read_body(asked: Asked) -> Body:
    try:
        body = asked.request.json()
    except msgspec.DecodeError as error:
        raise RefusedError(INVALID_BODY) from error
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise RefusedError(INVALID_BODY)
    if (field := unsupported(body, asked.fault)) is not None:
        message = f"Unsupported parameter: '{field}' is not supported with this model."
        raise RefusedError(Refusal(400, message, "unsupported_parameter", field, "invalid_request_error"))
    return body


def _find(asked: Asked, name: str) -> Model:
    model = asked.catalogue.find(name)
    if model is None:
        raise RefusedError(UNSUPPORTED_MODEL)
    if model.entry["capabilities"]["type"] != "embeddings":
        raise RefusedError(other_path(name, PATH))
    return model


def _texts(body: Body, *, overflow: bool) -> list[str]:
    """The texts: a list of strings and nothing else, neither a bare string nor tokens."""
    texts = body.get("input")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise RefusedError(_invalid("input must be a non-empty array of non-empty strings"))
    if len(texts) > MAX_INPUTS:
        raise RefusedError(_invalid(f"too many inputs: {len(texts)}, at most {MAX_INPUTS} are allowed"))
    longest = max(tokens(text) for text in texts)
    if overflow or longest > MAX_TOKENS:
        count = max(longest, MAX_TOKENS + 1)
        message = f"This model's maximum context length is {MAX_TOKENS} tokens, however you requested {count} tokens."
        raise RefusedError(_invalid(message))
    return texts


def _dimensions(body: Body, model: Model) -> int:
    size = body.get("dimensions")
    if size is None:
        return DIMENSIONS
    if not model.supports.get("dimensions"):
        raise RefusedError(_invalid("This model does not support specifying dimensions."))
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= DIMENSIONS:
        raise RefusedError(_invalid(f"dimensions must be between 1 and {DIMENSIONS}"))
    return size


def _invalid(message: str) -> Refusal:
    return Refusal(400, message, "invalid_request_body")


SURFACE = Surface(reply_to, prompted)
