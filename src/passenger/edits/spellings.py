"""The ways in which programs and files spell a text, so that a key can be found in whatever they say."""

import json
import shlex
from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import quote

_WAYS: Sequence[Callable[[str], str]] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f"),
    lambda text: shlex.quote(text).removeprefix("'").removesuffix("'"),
    lambda text: text.replace("'", "''"),
    lambda text: "".join(f"\\{char}" if char in '\\"$`' else char for char in text),
    lambda text: repr(text)[1:-1],
    lambda text: quote(text, safe=""),
    escape,
)

SHORTEST = 4
"""Characters of a text that is looked for; a shorter one would blot out words."""


def spellings(text: str) -> Sequence[str]:
    """Each of them, and each within another, the longest first."""
    once = {text, *(way(text) for way in _WAYS)}
    twice = once | {way(one) for one in once for way in _WAYS}
    return sorted((one for one in twice if len(one) >= SHORTEST), key=len, reverse=True)


def masked(text: str, secret: str, mask: str) -> str:
    """The text without the secret in any of its spellings."""
    for one in spellings(secret):
        text = text.replace(one, mask)
    return text
