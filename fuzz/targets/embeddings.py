"""Requests for embeddings, in each way of asking: a request that is at fault is the client's fault, in JSON."""

from contextlib import suppress

import msgspec

from fuzz.targets.failing import blaming_the_client
from passenger import embeddings, wellformed
from passenger.body import split
from passenger.dialects import Request, completions
from passenger.embeddings import Dialect
from passenger.limits import Limits

_PATH = {"model": "text-embedding-3-small", "action": "embedContent"}
DIALECTS: tuple[Dialect, ...] = (
    embeddings.openai,
    embeddings.gemini,
    embeddings.gemini_batch,
    embeddings.ollama,
    embeddings.ollama_old,
)


def one(data: bytes) -> None:
    """Read the same body in every dialect, and write what goes up for it."""
    for dialect in DIALECTS:
        with blaming_the_client(completions.write_failure):
            wellformed.measure(data, Limits())
            wellformed.check(data, split(data), Limits().max_fields)
            _read(dialect, Request(data, _PATH))


def _read(dialect: Dialect, request: Request) -> None:
    ask = dialect.read(request, _decode)
    bodies = list(embeddings.upstream_bodies(ask, ask.model, None))
    for body in bodies:
        msgspec.json.encode(body)
    assert sum(len(body["input"]) for body in bodies) == len(ask.inputs)


def _decode(ids: list[int]) -> str:
    """In the vocabulary's place, which takes tenths of a second to load."""
    with suppress(OverflowError):
        return bytes(ids).decode("utf-8", "replace")
    raise ValueError("no token")
