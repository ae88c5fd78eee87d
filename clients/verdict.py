"""What is to be said of a turn, from what was seen of it; it does nothing itself."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from clients.process import Ended
from clients.tap import Asked

PASSED = "passed"
SHOWN = 300
"""How much of a program's last words a table shows, in characters."""

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
EXPECTED: Mapping[int | None, Set[str]] = {404: {"HEAD"}, 426: {"GET"}}
"""Refusals that a program is known to take well: a path it only probes, a WebSocket."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a turn: how it ended, its requests, and the paths of Copilot they reached.

    `carried` are the paths to which the secret went up (in a tool's result, or in the file that is edited); `edited`
    says, where the program was to edit the note, whether it did: then a second request that Copilot took will do.
    `missing` is what should have gone over the wire and did not; `looped` says that the program asked without end.
    `refused_for` are the seconds from the first answer with 401, 403 or 429 to its end.
    """

    ended: Ended
    secret: str
    asked: Sequence[Asked]
    reached: Sequence[str]
    carried: Sequence[str]
    edited: bool | None = None
    missing: Sequence[str] = ()
    looped: bool = False
    refused_for: float | None = None


def passed(result: str) -> bool:
    """Whether a result is a good one; it may say in brackets how much there was of it."""
    return result == PASSED or result.startswith(f"{PASSED} (")


def verdict(seen: Seen) -> str:
    """`passed`, or the first thing that is wrong."""
    return _end(seen) or _work(seen) or _wire(seen) or PASSED


def _end(seen: Seen) -> str:
    if seen.looped:
        return f"ended after {len(seen.asked)} requests; {last_words(seen.ended)}"
    if seen.ended.code is None:
        return f"no end in time; {last_words(seen.ended)}"
    return f"exit code {seen.ended.code}: {last_words(seen.ended)}" if seen.ended.code else ""


def _work(seen: Seen) -> str:
    wrong = ""
    if not seen.reached:
        wrong = "nothing reached Copilot"
    elif not seen.carried and not (seen.edited and len(seen.reached) > 1):
        wrong = "the tool's result never came back"
    elif seen.edited is False:
        wrong = "the file is not edited"
    elif seen.edited is None and seen.secret not in plain(seen.ended.stdout):
        wrong = "the answer is not shown"
    return f"{wrong}: {last_words(seen.ended)}" if wrong else ""


def _wire(seen: Seen) -> str:
    if seen.missing:
        return f"it did its work, but this did not go over the wire: {', '.join(seen.missing)}"
    if found := refused(seen.asked):
        return f"it did its work, but was refused: {', '.join(map(str, found))}"
    return ""


def refused(asked: Sequence[Asked]) -> list[Asked]:
    """The requests that Passenger refused, but for those of which the program thinks nothing of it."""
    return [one for one in asked if (one.status or 0) >= 400 and one.method not in EXPECTED.get(one.status, ())]


def plain(text: str) -> str:
    """A text without the colours and links of a terminal."""
    return ANSI.sub("", text)


def last_words(ended: Ended) -> str:
    """The last that a program said, on one line."""
    said = " ".join(plain(f"{ended.stdout}\n{ended.stderr}").split())
    return said if len(said) <= SHOWN else "…" + said[-SHOWN:]
