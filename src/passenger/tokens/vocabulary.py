"""OpenAI's vocabularies as they lie in this package (see `vocabularies/NOTICE`); hides the files and their format.

Facts: tiktoken, `tiktoken_ext/openai_public.py` (the sums, the pattern, the special tokens).
"""

import base64
import functools
import hashlib
from collections.abc import Iterable

SUMS = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
"""SHA-256 of each vocabulary, inflated."""

SPECIAL = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}
"""cl100k_base's tokens that stand for no text."""


def ranks(name: str) -> dict[bytes, int]:
    """Every token and its id.

    Raises:
        ValueError: the file is not the one that was published.
    """
    import gzip  # noqa: PLC0415 - these two are not needed before something is counted
    from importlib import resources  # noqa: PLC0415

    packed = resources.files(__package__).joinpath("vocabularies", f"{name}.tiktoken.gz").read_bytes()
    plain = gzip.decompress(packed)
    if hashlib.sha256(plain).hexdigest() != SUMS[name]:
        raise ValueError(f"the vocabulary {name} is damaged; install Passenger again")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in plain.splitlines())}


@functools.cache
def _tokens() -> dict[int, bytes]:
    """cl100k_base by id; takes some tenths of a second, so never ask on the event loop first."""
    special = {rank: token.encode() for token, rank in SPECIAL.items()}
    return {rank: token for token, rank in ranks("cl100k_base").items()} | special


def decode(ids: Iterable[int]) -> str:
    """The text of cl100k_base tokens, U+FFFD where they end within a character.

    Raises:
        ValueError: an id is none of them.
    """
    known = _tokens()
    try:
        return b"".join([known[token] for token in ids]).decode("utf-8", "replace")
    except KeyError as error:
        raise ValueError(f"{error} is no token of cl100k_base") from error
