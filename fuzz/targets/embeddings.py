"""Requests for embeddings, in each way of asking: a request that is at fault is the client's fault, in JSON."""

from contextlib import suppress

import msgspec

from fuzz.targets.failing import blaming_the_client
from passenger.dialects import Request, embeddings
from passenger.dialects.embeddings import EmbeddingsDialect
from passenger.dialects.google import embeddings as google
from passenger.dialects.ollama import embeddings as ollama
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import embeddings as openai
from passenger.jsontext import body_checks
from passenger.jsontext.raw_object import split
from passenger.limits import Limits

_PATH = {"model": "text-embedding-3-small", "action": "embedContent"}
DIALECTS: tuple[EmbeddingsDialect, ...] = (
    openai.EMBEDDINGS,
    google.EMBED_CONTENT,
    google.BATCH_EMBED_CONTENTS,
    ollama.EMBED,
    ollama.EMBEDDINGS,
)


def one(data: bytes) -> None:
    """Read the same body in every dialect, and write what goes up for it."""
    for dialect in DIALECTS:
        with blaming_the_client(completions.INBOUND.write_failure):
            body_checks.measure(data, Limits())
            body_checks.check(data, split(data), Limits().max_fields)
            _read(dialect, Request(data, _PATH))


def _read(dialect: EmbeddingsDialect, request: Request) -> None:
    ask = dialect.read(request, _decode)
    bodies = list(embeddings.write_requests(ask, ask.model, None))
    for body in bodies:
        msgspec.json.encode(body)
    assert sum(len(body["input"]) for body in bodies) == len(ask.inputs)


def _decode(ids: list[int]) -> str:
    """In the vocabulary's place, which takes tenths of a second to load."""
    with suppress(OverflowError):
        return bytes(ids).decode("utf-8", "replace")
    raise ValueError("no token")
