"""A conversation as the summary that a model wrote of it, sealed in one item that a client keeps and sends back.

OpenAI's own models compact a conversation themselves, into a text that only OpenAI can read. For all others this is
done here, so that it can be read for any model on the next turn. The seal hides nothing and is no secret: it tells
what was made here from what was not, and a text that was cut from one that is whole.
"""

import hashlib

from passenger import seals
from passenger.chat import Seal

TRIGGER = "compaction_trigger"
"""The item with which an input ends that wants nothing but to be compacted."""

ITEMS = frozenset({"compaction", "compaction_summary", "context_compaction"})
"""The items that hold a compacted conversation; Codex writes the first, and reads all three."""

_ORIGIN = "summary"

REQUEST = """\
The conversation above is about to be cut off here to save room. Somebody who has seen nothing of it will take over, \
with only what you write now and the tools that you have. Write the hand-over, as text and without calling a tool:

- what the user wants, in the user's own terms, with every condition, preference and correction that was given;
- what was decided, and why, and what was tried and did not work;
- what was done: files, functions, commands and their results, by their exact names and paths, with the values, \
error messages and pieces of code that are still needed;
- what holds now: what works, what is broken, what is unfinished;
- what comes next, step by step.

Keep what an earlier hand-over said as far as it still holds. Be complete and brief; write no greeting and no comment \
on this request."""
"""What a model is asked for."""

_GIVEN = "The conversation so far, as it was handed over in place of its earlier turns:\n\n"

UNREADABLE = (
    "(An earlier part of this conversation was compacted into a form that only another model can read. "
    "Its content is missing here.)"
)
"""What a model reads in the place of a conversation that OpenAI has sealed."""


def seal(summary: str) -> str:
    """The text that a client keeps."""
    return seals.wrap(Seal(f"{_ORIGIN}/{_digest(summary)}", summary))


def opened(sealed: str) -> str | None:
    """What a model is told of it; None where it was not sealed here.

    Raises:
        ValueError: it was sealed here, and is not what it was.
    """
    if not seals.is_wrapped(sealed):
        return None
    found = seals.unwrap(sealed)
    if found.origin != f"{_ORIGIN}/{_digest(found.value)}":
        raise ValueError("it is broken")
    return f"{_GIVEN}{found.value}"


def broken(place: str) -> str:
    """What is said against one that is broken."""
    return f"{place} was made by Passenger and is broken: send it back as it came, or leave the item out"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
