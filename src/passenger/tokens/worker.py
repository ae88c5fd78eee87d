"""The tokenizer's own process: reads lists of texts from standard input, writes how many tokens each list has.

Hides tiktoken. It is a process and not a thread because building the vocabulary holds the interpreter lock for
half a second, and lists of tokens for tenths of one: the server's event loop would stand still. It ends when its
input does, and so never outlives the server, however that ends.
"""

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import tiktoken

from passenger.tokens.frames import COUNT, LENGTH
from passenger.tokens.vocabulary import ranks

PIECE = 20_000
"""Characters that are tokenised at once: what the pattern takes at most of white space alone before it gives up."""

_CASES = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
PATTERN = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]+{_CASES}",
        rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]*{_CASES}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""How o200k_base cuts a text into words before it looks for tokens (tiktoken, `openai_public.py`)."""


def encoding() -> tiktoken.Encoding:
    """o200k_base without special tokens: what looks like one in a prompt is text."""
    return tiktoken.Encoding("o200k_base", pat_str=PATTERN, mergeable_ranks=ranks("o200k_base"), special_tokens={})


def pieces(text: str) -> Iterator[str]:
    """The text in pieces of at most `PIECE` characters, cut before a word where there is one."""
    at = 0
    while len(text) - at > PIECE:
        words = [found.start() for found in _WORD.finditer(text, at + PIECE - 200, at + PIECE)]
        end = words[-1] if words else at + PIECE
        yield text[at:end]
        at = end
    yield text[at:]


_WORD = re.compile(r"(?<=\S) (?=\S)")


def count(tokens: tiktoken.Encoding, texts: list[str]) -> int:
    """The tokens of all the texts."""
    return sum(len(tokens.encode_ordinary(piece)) for text in texts for piece in pieces(text))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    tokens, decoder = encoding(), msgspec.json.Decoder(list[str])
    while head := requests.read(LENGTH.size):
        texts = decoder.decode(requests.read(*LENGTH.unpack(head)))
        answers.write(COUNT.pack(count(tokens, texts)))
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
