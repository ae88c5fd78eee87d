"""Text that agents put into a person's mouth: `<system-reminder>` blocks, which nobody has typed."""

import re

# Atomic and possessive: many blocks before a person's words must not be tried in every combination.
_REMINDERS = re.compile(r"\s*+(?:(?><system-reminder>.*?</system-reminder>)\s*+)++", re.DOTALL)


def only_reminders(text: str | None) -> bool:
    """Whether a text is nothing but such blocks."""
    return text is not None and _REMINDERS.fullmatch(text) is not None
