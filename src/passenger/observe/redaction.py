"""Text that may be shown: no secret in it, and no character that would steer a terminal or forge a line."""

import json
import math
import re
from collections.abc import Mapping
from urllib.parse import quote

from passenger.secret import Secret

STARS = "***"


CUT = "…"
"""What stands where a name was cut, as in the line of a request."""


LONGEST = 2000
"""Characters of a value that are written."""


_LONGEST_SECRET = 5000
"""Characters at the end of a text that was cut: a secret that was cut with it is not known there."""


_TOKENS = re.compile(
    r"\bgh[opusr]_\w+"
    r"|\bgithub_pat_\w+"
    r"|\btid=[^\s\"']+"
    r"|\bpsg[rai]_\w{20,}"
    r"|\bsk-[\w-]{16,}"
    r"|\bsk-[\w-]+(?=…)"
    r"|(?P<scheme>\b[Bb]earer\s+)(?!tokens?\b|auth)[^\s\"',]+"
)


_SIGNS = ("gh", "github_pat_", "tid=", "sk-", "earer")
"""One of these is in each of them but our own keys, and in few lines: to look for them first saves 15 us a line."""

_OUR_KEYS = re.compile(r"(?<!\w)psg[rai]_\w{20,}")
"""With a team each line names a key by its beginning: to look for nothing else is quick."""


_SHORTEST_SECRET = 4


_COUNTS = {int, bool}


KEPT = 8
"""Passing secrets that are remembered: a Copilot token is good for half an hour, so these last for hours."""


def one_line(text: str) -> str:
    """A text whose control, direction and line characters are written out, so that it cannot forge a line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def plain(text: str) -> str:
    """A foreign text made safe for a terminal: lines are kept, control characters are written out."""
    return "\n".join(map(one_line, text.split("\n")))


class Redactor:
    """Replaces secrets by three stars: those that were added, and whatever has the shape of a token."""

    def __init__(self) -> None:
        self._lasting: frozenset[str] = frozenset()
        self._passing: tuple[str, ...] = ()
        self._known: tuple[str, ...] = ()

    def add(self, secret: str | Secret) -> None:
        """Add a secret. One shorter than 4 characters is ignored: it would blot out words."""
        self._learn(self._lasting | {_text(secret)}, self._passing)

    def add_passing(self, secret: str | Secret) -> None:
        """Add a secret that others will follow, as Copilot tokens do: only the last few are kept."""
        text = _text(secret)
        if text != next(iter(self._passing), None):
            others = tuple(other for other in self._passing if other != text)
            self._learn(self._lasting, (text, *others)[:KEPT])

    def redact(self, text: str) -> str:
        """The text without its secrets."""
        for secret in self._known:  # one by one: `re` keeps each pattern that it has compiled, and with it the secrets
            text = text.replace(secret, STARS)
        if CUT in text:
            text = self._without_begun(text)
        for sign in _SIGNS:
            if sign in text:
                return _TOKENS.sub(lambda match: (match["scheme"] or "") + STARS, text)
        return _OUR_KEYS.sub(STARS, text) if "psg" in text else text

    def _without_begun(self, text: str) -> str:
        """The text without the beginnings of known secrets that were cut off by `CUT`."""
        for secret in self._known:
            begun = secret[:_SHORTEST_SECRET]
            at = text.find(begun)
            while at >= 0:
                end = text.find(CUT, at + len(begun), at + len(secret))
                if end >= 0 and secret.startswith(text[at:end]):
                    text = text[:at] + STARS + text[end:]
                at = text.find(begun, at + 1)
        return text

    def is_clean(self, fields: Mapping[str, object]) -> bool:
        """Whether `clean` would leave these as they are, as far as that is quickly seen: all in one, not one by one."""
        texts = [*fields]
        for value in fields.values():
            if type(value) is str:
                texts.append(value)
            elif type(value) not in _COUNTS and not (type(value) is float and math.isfinite(value)):
                return False
        together = "\n".join(texts)
        return self.redact(together) == together

    def shorten(self, text: str, most: int = LONGEST) -> str:
        """The text where it is short, else its beginning, without secrets: what is cut of one would not be known."""
        if len(text) <= most:
            return text
        begun = self.redact(text[: 4 * most])
        known = len(begun) if len(text) <= 4 * most else max(0, len(begun) - _LONGEST_SECRET)
        return f"{begun[: min(most, known)]}... ({len(text)} characters)"

    def _learn(self, lasting: frozenset[str], passing: tuple[str, ...]) -> None:
        self._lasting, self._passing = lasting, passing
        texts = [text for text in (*lasting, *passing) if len(text.strip()) >= _SHORTEST_SECRET]
        written = {way for text in texts for way in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
        self._known = tuple(sorted(written, key=len, reverse=True))

    def clean(self, value: object) -> object:
        """A value as JSON can hold it, without the secrets in it."""
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if math.isfinite(value) else str(value)
            case dict():
                return {self.redact(str(name)): self.clean(item) for name, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.clean(item) for item in value]
            case _:
                return self.redact(str(value))


def _text(secret: str | Secret) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret
