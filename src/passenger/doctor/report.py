"""What was found as text: for a terminal, for programs, and to be pasted where others read it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from passenger.doctor.finding import Finding, State
from passenger.log import one_line

MARKS: Mapping[str, str] = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "-", "fix": "→"}
PLAIN: Mapping[str, str] = {"ok": "ok", "warn": "warn", "fail": "FAIL", "skip": "-", "fix": "->"}
COLORS: Mapping[State, str] = {"ok": "32", "warn": "33", "fail": "31", "skip": "2"}


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether anything does not work."""
    return any(finding.state == "fail" for finding in findings)


def as_json(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """For programs: `checks` has `id`, `state`, `text`, `fix` and `see` of each."""
    checks = [{name: getattr(one, name) for name in ("id", "state", "text", "fix", "see")} for one in findings]
    return {"version": version, "ok": not has_failed(findings), "checks": checks}


def lines(findings: Sequence[Finding], *, color: bool = False, marks: Mapping[str, str] = MARKS) -> Iterator[str]:
    """For people: a line each, below it what to type, and how many there are to mend."""
    yield from _checked(findings, marks, color=color)
    yield summary(findings)


def _checked(findings: Sequence[Finding], marks: Mapping[str, str], *, color: bool = False) -> Iterator[str]:
    width = max((len(finding.id) for finding in findings), default=0)
    for finding in findings:
        mark = marks[finding.state]
        shown = f"\x1b[{COLORS[finding.state]}m{mark}\x1b[0m" if color else mark
        yield f"{finding.id:<{width}}  {shown} {one_line(finding.text)}"
        if finding.fix:
            yield f"{'':<{width}}    {marks['fix']} {one_line(finding.fix)}"
        if finding.see:
            yield f"{'':<{width}}      {finding.see}"


def summary(findings: Sequence[Finding]) -> str:
    """How many there are to mend."""
    failed, warned = (sum(one.state == state for one in findings) for state in ("fail", "warn"))
    if failed or warned:
        parts = [f"{failed} to mend" if failed else "", f"{warned} to know of" if warned else ""]
        return f"{', '.join(filter(None, parts))}. To be pasted, without secrets: passenger doctor --report"
    return "All is well."


def report(findings: Sequence[Finding], about: Mapping[str, str], private: Mapping[str, str]) -> Iterator[str]:
    """Markdown to be pasted; each text in `private` is replaced by what stands for it."""
    yield "```"
    yield from (f"{name}: {_masked(text, private)}" for name, text in about.items())
    yield ""
    yield from (_masked(line, private) for line in _checked(findings, PLAIN))
    yield "```"


def _masked(text: str, private: Mapping[str, str]) -> str:
    for word in sorted(filter(None, private), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", private[word].replace("\\", ""), text)
    return text.replace("`", "'")
