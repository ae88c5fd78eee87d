"""What a check has found, and all findings as text: for a terminal, for programs, and to be pasted."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any, Literal

from passenger.config.problems import SettingOrigin
from passenger.observe.redaction import one_line

STATUS = "https://www.githubstatus.com"
"""Where GitHub says what is wrong on its side."""

CheckState = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of what the doctor says."""

    id: str
    """What was looked at: `login`, `upstream.copilot`, `client.claude`. It does not change between versions."""
    state: CheckState
    text: str
    fix: str | None = None
    """A command that mends it, or that shows what is needed to mend it."""
    see: str | None = None
    """A page where a person can change it."""


def ok(name: str, text: str) -> Finding:
    """It is well."""
    return Finding(name, "ok", text)


def warn(name: str, text: str, fix: str | None = None, see: str | None = None) -> Finding:
    """It works, but may surprise the user."""
    return Finding(name, "warn", text, fix, see)


def fail(name: str, text: str, fix: str | None = None, see: str | None = None) -> Finding:
    """It does not work."""
    return Finding(name, "fail", text, fix, see)


def edit(origin: SettingOrigin, otherwise: str) -> str:
    """What opens a setting at its line, or takes its variable away; something else where a flag has set it."""
    match origin.kind:
        case "environment":
            return f"unset {quote(origin.name)}"
        case "file":
            return f"${{EDITOR:-vi}} +{origin.line or 1} {quote(origin.name)}"
        case _:
            return otherwise


def skip(name: str, text: str) -> Finding:
    """It cannot be checked, or does not matter here."""
    return Finding(name, "skip", text)


MARKS: Mapping[str, str] = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "-", "fix": "→"}
PLAIN: Mapping[str, str] = {"ok": "ok", "warn": "warn", "fail": "FAIL", "skip": "-", "fix": "->"}
COLORS: Mapping[CheckState, str] = {"ok": "32", "warn": "33", "fail": "31", "skip": "2"}


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether anything does not work."""
    return any(finding.state == "fail" for finding in findings)


def findings_as_json(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """For programs: `checks` has `id`, `state`, `text`, `fix` and `see` of each."""
    checks = [{name: getattr(one, name) for name in ("id", "state", "text", "fix", "see")} for one in findings]
    return {"version": version, "ok": not has_failed(findings), "checks": checks}


def lines(findings: Sequence[Finding], *, color: bool = False, marks: Mapping[str, str] = MARKS) -> Iterator[str]:
    """For people: a line each, below it what to type, and how many there are to mend."""
    yield from _lines(findings, marks, color=color)
    yield summary(findings)


def _lines(findings: Sequence[Finding], marks: Mapping[str, str], *, color: bool = False) -> Iterator[str]:
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
    yield from (f"{name}: {_mask(text, private)}" for name, text in about.items())
    yield ""
    yield from (_mask(line, private) for line in _lines(findings, PLAIN))
    yield "```"


def _mask(text: str, private: Mapping[str, str]) -> str:
    for word in sorted(filter(None, private), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", private[word].replace("\\", ""), text)
    return text.replace("`", "'")
