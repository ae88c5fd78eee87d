"""OpenAI's vocabularies, which lie in this package under the names of tiktoken's cache (see `vocabularies/NOTICE`).

Facts: https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py (the sums, the special tokens).
"""

import base64
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

DIRECTORY = Path(__file__).with_name("vocabularies")
"""What `TIKTOKEN_CACHE_DIR` has to be for tiktoken to find them."""

PUBLISHED = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
"""The file of each vocabulary and its SHA-256."""

SPECIAL = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}
"""cl100k_base's tokens that stand for no text."""


def read_vocabulary(name: str) -> bytes:
    """The file of a vocabulary: a token in base64 and its id on each line.

    Raises:
        ValueError: it is not the one that was published.
    """
    file, digest = PUBLISHED[name]
    content = (DIRECTORY / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"the vocabulary {name} is damaged; install Passenger again")
    return content


@functools.cache
def _tokens() -> dict[int, bytes]:
    """cl100k_base by id; takes some tenths of a second, so never ask on the event loop first."""
    lines = map(bytes.split, read_vocabulary("cl100k_base").splitlines())
    special = {number: token.encode() for token, number in SPECIAL.items()}
    return {int(number): base64.b64decode(token) for token, number in lines} | special


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
