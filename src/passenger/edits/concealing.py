"""The user's own text as it may be shown: names, numbers and truth values; of any other value, nothing.

Whatever stands beside our edits may be a key of another provider, under whatever name, or a comment that has one.
"""

import re
from collections.abc import Iterator

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


def concealed(text: str) -> str:
    """The text without what may be a secret, line by line."""
    return "".join(_pieces(text))


def may_show(name: str, value: str) -> bool:
    """Whether a value that an edit replaces may be seen: a single one, and neither it nor its name tells of a key."""
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
                yield _quoted(piece)
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
    """Whether a name is no name: it has the form of a key."""
    return any(_looks_made(part) for part in re.split(r"[\s\"'.\[\]]+", name))


def _looks_made(part: str) -> bool:
    """Whether a word has the form of a vendor's keys, or one long part of letters and digits."""
    longest = max(_WORDS.split(part), key=len)
    is_long = len(longest) >= 12 and any(char.isdigit() for char in longest)
    return bool(_MARKED.fullmatch(part) or (is_long and _RANDOM.fullmatch(part)))


def _quoted(piece: str) -> str:
    mark = piece[:3] if piece[:3] in {'"""', "'''"} else piece[0]
    inner = piece[len(mark) : -len(mark)]
    lines = inner.count("\n")
    return f"{mark}{YOURS if inner else ''}{chr(10) * lines}{mark}"


def _comment(piece: str) -> str:
    mark = next(mark for mark in ("#", "//", "/*") if piece.startswith(mark))
    end = "*/" if mark == "/*" else ""
    return f"{mark} {YOURS}{chr(10) * piece.count(chr(10))}{' ' + end if end else ''}"
