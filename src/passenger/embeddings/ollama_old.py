"""Ollama's `POST /api/embeddings`, which `/api/embed` has replaced: one text in, one vector out."""

import msgspec

from passenger.chat import Usage
from passenger.dialects import Request
from passenger.embeddings.ask import Decode, EmbedAsk, Vectors
from passenger.embeddings.decoding import others, read_object, text
from passenger.embeddings.ollama import model_of, options
from passenger.embeddings.upstream import matched

_READ = frozenset({"model", "prompt", "options"})


def read(request: Request, _decode: Decode) -> EmbedAsk:
    """The request.

    Raises:
        Failure: it is at fault; `param` is the field.
    """
    fields = read_object(request.body)
    prompt = text(fields, "prompt")
    return EmbedAsk(model_of(fields), (prompt,) if prompt else (), dropped=(*options(fields), *others(fields, _READ)))


def write(ask: EmbedAsk, vectors: Vectors, _usage: Usage) -> bytes:
    """The answer, which is empty where there was no text; a Failure where a text has no vector."""
    found = matched(ask, vectors)
    return msgspec.json.encode({"embedding": found[0] if found else []})
