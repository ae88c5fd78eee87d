"""How many answers a client wants: `n` of Chat Completions, `candidateCount` of Gemini."""

from passenger.decoding import JSON, invalid, optional

MOST = 8
"""Answers that are asked for at once: each is a request of its own, and billed; Google has the same limit."""


def read_choices(fields: JSON, name: str, place: str = "") -> int:
    """The number of answers, one where nothing is said.

    Raises:
        Failure: it is no whole number, or out of range.
    """
    count = optional(fields, name, int, place)
    if count is None:
        return 1
    if not 1 <= count <= MOST:
        raise invalid(f"{place}{name} must be from 1 to {MOST}", f"{place}{name}")
    return count


def peek_choices(said: object) -> int:
    """The same before anything is refused: 0 for what is no number of answers."""
    if said is None:
        return 1
    return said if isinstance(said, int) and not isinstance(said, bool) else 0
