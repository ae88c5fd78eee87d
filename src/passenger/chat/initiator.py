"""Who caused a request: a person who typed, or an agent going on by itself.

Copilot takes the answer as `X-Initiator`. Agents also write user messages: `<system-reminder>` blocks, which nobody has
typed.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from passenger.chat.prompt import Initiator
from passenger.jsontext.reading import loads


class Turn(StrEnum):
    """What one turn of a conversation is, as far as it tells who caused the request."""

    USER = "user"
    """A person's own words, beside a tool's result, too."""
    REMINDER = "reminder"
    """A user's turn of `<system-reminder>` blocks alone."""
    TOOL = "tool"
    """A tool's result, with reminders at most."""
    OTHER = "other"


def initiator(turns: Iterable[Turn]) -> Initiator:
    """Who caused a request with these turns, the last one first; no more are taken than are needed.

    A person where the last turn is a user's. Reminders are a person's too, unless they follow a tool's result.
    """
    reminded = False
    for turn in turns:
        if turn is Turn.REMINDER:
            reminded = True
        else:
            typed = turn is Turn.USER or (reminded and turn is Turn.OTHER)
            return Initiator.USER if typed else Initiator.AGENT
    return Initiator.USER if reminded else Initiator.AGENT


# Atomic and possessive: many blocks before a person's words must not be tried in every combination.
_REMINDERS = re.compile(r"\s*+(?:(?><system-reminder>.*?</system-reminder>)\s*+)++", re.DOTALL)


def only_reminders(text: str | None) -> bool:
    """Whether a text is nothing but such blocks."""
    return text is not None and _REMINDERS.fullmatch(text) is not None


# --- content that is still JSON ------------------------------------------------------------------------------------

_QUOTE, BRACKET, BRACE = b'"[{'
STRING_OR_NULL = frozenset(b'"n')
"""First bytes of the JSON of a text that may be null."""

_BEGINNINGS = frozenset({*b"< \\", *range(0x80, 0x100)})
"""Bytes with which a reminder may begin in JSON: a bracket, white space, or what may be either."""


class WrongTypeError(Exception):
    """A content, or something in it, is of a type that it cannot have."""


class _Part(Struct):
    text: Raw | UnsetType = UNSET


_PARTS = msgspec.json.Decoder(list[_Part])


def is_reminder(content: Raw | UnsetType) -> bool:
    """Whether a message's content, a string or an array of parts, is nothing but reminders.

    Raises:
        msgspec.ValidationError: a part is no object.
    """
    if content is UNSET:
        return False
    view = memoryview(content)
    if view[0] == _QUOTE:
        return may_be_reminder(view) and only_reminders(loads(bytes(view)))
    parts = _PARTS.decode(view) if view[0] == BRACKET else []
    return bool(parts) and all(only_reminders(string_of(part.text)) for part in parts)


def may_be_reminder(quoted: memoryview) -> bool:
    """Whether a JSON string may be nothing but reminders; its first letter rules most out."""
    return quoted[1] in _BEGINNINGS


def string_of(raw: Raw | UnsetType) -> str | None:
    """The string that a field holds, None where it holds anything else."""
    value = None if raw is UNSET else loads(bytes(raw))
    return value if isinstance(value, str) else None
