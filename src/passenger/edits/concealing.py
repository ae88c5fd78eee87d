"""The user's own text as it may be shown: names, numbers and truth values; of any other value, nothing.

Whatever stands beside our edits may be a key of another provider, under whatever name, or a comment that has one.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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


def mask_secret(text: str, secret: str, mask: str) -> str:
    """The text without the secret in any of its spellings."""
    for one in spellings(secret):
        text = text.replace(one, mask)
    return text


YOURS = "(yours)"
"""What stands for a value of the user's."""

OPEN, SHUT = "\ue000", "\ue001"
"""Stand around the number of a place that is not the user's: two characters for private use."""

_TOKEN = re.compile(
    r"""
      (?P<place>\ue000\d+\ue001)
    | (?P<text>"{3}.*?"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|`[^`\n]*`)
    | (?P<comment>(?<!\S)(?:\#|//)[^\r\n]*|/\*.*?\*/)
    | (?P<header>^[ \t]*\[\[?\w[^\]\n]*\]\]?(?=[ \t]*(?:\#|\r?$)))
    | (?P<name>(?:^\ufeff?[ \t]*(?:-[ \t]+)*(?:export[ \t]+)?|(?<=[{,])[ \t]*)[\w.$@/-]+(?=[ \t]*[:=](?![:=])))
    | (?P<plain>[+-]?(?:\d[\d._:TZ+-]*|true|false|null|yes|no|on|off)(?=[ \t]*(?:[,\]}\r]|[ \t]\#|$)))
    | (?P<mark>[|>][+-]?(?=[ \t]*\r?$)|-(?=[ \t])|[\ufeff\s{}\[\],:=])
    | (?P<bare>[^\r\n]+)
    | (?P<rest>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_CLOSING = re.compile(r"(?<![,\]} \t])[,\]} \t]*\Z")
_IS_NAME = re.compile(r"[ \t]*[:=](?![:=])")
_SECRET = re.compile(r"key|token(?!s)|secret|pass|pin\b|auth|cred|cookie", re.IGNORECASE)
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{16,}", re.ASCII)
_MARKED = re.compile(r"(?:sk|gh[opusr]|github_pat|xox[abp]|hf|glpat)[-_].{6,}")
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def conceal(text: str) -> str:
    """The text without what may be a secret, line by line."""
    return "".join(_pieces(text))


def may_show(name: str, value: str) -> bool:
    """Whether the value that an edit replaces may be shown: one line, and neither it nor its name looks like a key."""
    plain = value.strip("\"'` \t")
    is_single = "\n" not in value and value[:1] not in {"{", "["}
    return is_single and not _SECRET.search(name) and not _is_random(plain) and "@" not in plain and "?" not in plain


def _pieces(text: str) -> Iterator[str]:
    name = ""
    for token in _TOKEN.finditer(text):
        kind, piece = token.lastgroup, token[0]
        is_name = kind == "name" or (kind == "text" and _IS_NAME.match(text, token.end()))
        if is_name:
            name = piece
        match kind:
            case "text" if not is_name or _is_random(piece):
                yield _conceal_quoted(piece)
            case "name" | "header" if _is_random(piece):
                yield YOURS
            case "comment":
                yield _comment(piece)
            case "bare" | "rest":
                yield YOURS + _CLOSING.search(piece)[0]  # type: ignore[index]  # it may be empty, and is always found
            case "plain" if _SECRET.search(name):
                yield YOURS
            case _:
                yield piece


def _is_random(name: str) -> bool:
    """Whether a name looks like a key."""
    return any(_looks_made(part) for part in re.split(r"[\s\"'.\[\]]+", name))


def _looks_made(part: str) -> bool:
    """Whether a word has the form of a vendor's keys, or one long part of letters and digits."""
    longest = max(_WORDS.split(part), key=len)
    is_long = len(longest) >= 12 and any(char.isdigit() for char in longest)
    return bool(_MARKED.fullmatch(part) or (is_long and _RANDOM.fullmatch(part)))


def _conceal_quoted(piece: str) -> str:
    mark = piece[:3] if piece[:3] in {'"""', "'''"} else piece[0]
    inner = piece[len(mark) : -len(mark)]
    lines = inner.count("\n")
    return f"{mark}{YOURS if inner else ''}{chr(10) * lines}{mark}"


def _comment(piece: str) -> str:
    mark = next(mark for mark in ("#", "//", "/*") if piece.startswith(mark))
    end = "*/" if mark == "/*" else ""
    return f"{mark} {YOURS}{chr(10) * piece.count(chr(10))}{' ' + end if end else ''}"


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """A place in a text, and what is shown there."""

    start: int
    end: int
    text: str


def render(text: str, places: Iterable[ShownSpan]) -> str:
    """The text with these things at their places. Of two places, one in the other, the inner one counts."""
    kept, marked, at = list(_innermost(places)), list[str](), 0
    for number, place in enumerate(kept):
        marked += [_without_marks(text[at : place.start]), f"{OPEN}{number}{SHUT}"]
        at = place.end
    found = conceal("".join(marked) + _without_marks(text[at:]))
    for number, place in enumerate(kept):
        found = found.replace(f"{OPEN}{number}{SHUT}", _without_marks(place.text), 1)
    return found


def _innermost(places: Iterable[ShownSpan]) -> Iterator[ShownSpan]:
    ordered = sorted(places, key=lambda place: (place.start, -place.end))
    for number, place in enumerate(ordered):
        if all(other.start >= place.end for other in ordered[number + 1 :]):
            yield place


def _without_marks(text: str) -> str:
    return text.replace(OPEN, "?").replace(SHUT, "?")
