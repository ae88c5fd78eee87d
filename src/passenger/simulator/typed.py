"""The words that a person typed, without those that a coding agent puts around them in the same message.

Seen of Claude Code 2.1.330, Codex 0.169, Gemini CLI 0.61, Qwen Code 0.24 and Copilot CLI 1.0, in November 2026.
"""

import re
from collections.abc import Iterable

WRAPPERS = (
    "system-reminder",  # Claude Code, Qwen Code
    "local-command-caveat",
    "local-command-stdout",
    "command-name",
    "command-message",
    "command-args",
    "environment_context",  # Codex
    "user_instructions",
    "INSTRUCTIONS",
    "session_context",  # Gemini CLI
    "hook_context",
    "current_datetime",  # Copilot CLI
    "environment_details",  # Cline
)
_OPENS = re.compile(rf"(?:# AGENTS\.md instructions[^\n]*\s*)?<({'|'.join(WRAPPERS)})>")


def typed(texts: Iterable[str]) -> str:
    """What was typed last, of a user's texts with the newest first; the newest as it is where nothing was."""
    newest = None
    for text in texts:
        newest = text if newest is None else newest
        if words := without_wrappers(text):
            return words
    return newest or ""


def without_wrappers(text: str) -> str:
    """A text without the blocks that agents add; one without any is left as it is."""
    kept, at, unclosed = list[str](), 0, set[str]()
    for opening in _OPENS.finditer(text):
        closing = f"</{opening[1]}>"
        if opening.start() < at or closing in unclosed:
            continue
        if (end := text.find(closing, opening.end())) < 0:
            unclosed.add(closing)
            continue
        kept.append(text[at : opening.start()])
        at = end + len(closing)
    return "".join([*kept, text[at:]]).strip() if at else text
