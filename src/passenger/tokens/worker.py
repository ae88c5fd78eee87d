"""The tokenizer's own process: reads lists of texts from standard input, writes how many tokens each list has.

It is a process because building the vocabulary holds the interpreter lock for half a second, and a list of texts for
tenths of one: in a thread the event loop would stand still. It ends when its input ends, however the server ends.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import tiktoken

from passenger.tokens.isolated import COUNT, LENGTH
from passenger.tokens.vocabulary import DIRECTORY, read_vocabulary

NAME = "o200k_base"

PIECE = 20_000
"""Characters that are tokenised at once: what the pattern takes at most of white space alone before it gives up."""


def encoding() -> tiktoken.Encoding:
    """tiktoken's o200k_base, from the file in this package.

    Raises:
        ValueError: the file is not the one that was published.
    """
    read_vocabulary(NAME)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(DIRECTORY)
    return tiktoken.get_encoding(NAME)


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
    sys.modules["requests"] = None  # type: ignore[assignment]  # what tiktoken would fetch a vocabulary with
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
