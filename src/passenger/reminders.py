"""Text that agents put into a person's mouth: `<system-reminder>` blocks, which nobody has typed."""

import re

# Atomic and possessive: many blocks before a person's words must not be tried in every combination.
_REMINDERS = re.compile(r"\s*+(?:(?><system-reminder>.*?</system-reminder>)\s*+)++", re.DOTALL)


def only_reminders(text: str | None) -> bool:
    """Whether a text is nothing but such blocks."""
    return text is not None and _REMINDERS.fullmatch(text) is not None


_BEGINNINGS = frozenset({*b"< \\", *range(0x80, 0x100)})
"""Bytes with which such a text may begin where it stands in JSON: a bracket, white space, or what may be either."""


def may_be_reminder(quoted: memoryview) -> bool:
    """Whether a text that is still JSON may be nothing but such blocks; of nearly all, the first letter tells."""
    return quoted[1] in _BEGINNINGS
