"""Faults: what may go wrong with an answer, as a value.

From Python: `simulator.inject(Fault(status=429, headers={"retry-after": "7"}), path="/chat/completions")`.
From any client: a directive in the text of the last user message, or the header `X-Simulator-Fault` with the same
grammar (there the brackets may be left out, and `;` separates: `X-Simulator-Fault: drip 0.05; cut 3`).

    [[status 429 retry-after=7]]   that status; name=value are headers; code=… and body=… choose the body
    [[code quota_exceeded]]        an entry of the error catalogue, by its code (see refusals.py)
    [[expired]]  [[html]]          401 `unauthorized: token expired`; GitHub's 502 page
    [[redirect URL]]               307 to URL
    [[delay 1.5]]                  seconds before the headers
    [[headers]]                    headers, then silence until the client closes
    [[split]]  [[split 7]]         the body one byte (7 bytes) a TCP write, each in an HTTP chunk of its own
    [[drip 0.05]]                  seconds between two events (or between two pieces of a split body)
    [[cut 3]]                      3 events (of a plain body: 3 bytes), then the connection closes inside the next one
    [[end 3]]                      3 events, then a well-formed end without finish_reason and [DONE]
    [[stall 2]]                    2 events (bytes), then silence until the client closes
    [[reset]]  [[reset 2]]         RST before the first byte; RST after 2 events (bytes)
    [[error 2]]  [[error 2 503]]   2 events, then the mid-stream error event (integer code, 429 unless given)
    [[close]]                      a good answer, then the connection closes though it never said so
    [[stale]]                      no byte at all, if the connection has served before
    [[lie 10]]                     a Content-Length 10 bytes too large, then the connection closes
    [[no-done]]  [[done-stall]]    a stream without [DONE]; one that stays open after it
    [[crlf]] [[no-space]] [[comments]]   the stream's lines end in CRLF; `data:{…}`; `: ping` before each event
    [[unicode]]                    a raw U+2028, an emoji and CJK inside a JSON string
    [[wrong-type]]  [[json]]       the wrong Content-Type; a JSON answer although a stream was asked
    [[overflow]]                   the prompt is too long for the model, in the words of that surface
    [[unsupported temperature]]    that field (or that beta) is not supported by the model; several names are allowed
    [[fail 3]]                     `/responses` only: 3 events, then `response.failed`
    [[copilot-usage absent]]       the answer does not say what it costs; `zero` says that it costs nothing, `exact` all
    [[ping]]                       `/v1/messages` only: a `ping` event after the first event and before the last two
    [[bedrock]]                    `/v1/messages` only: Bedrock's ids, metrics in `message_stop`, then `[DONE]`

An event is what an empty line ends: a chunk of `/chat/completions`, a named event of `/responses` or `/v1/messages`
(each `ping` is one), and `[DONE]`.

Directives that shape an answer and harm nobody: [[say TEXT]] (that text), [[events 200]] (200 text chunks),
[[size 1000000]] (that many characters), [[call NAME {"json":"arguments"}]] (a tool call, if the tool is offered; for a
tool that takes free text the rest is that text), [[insist]] (the same calls again after their results), [[think]],
[[refuse]], and [[search QUERY]] (on `/responses`, if `web_search` is offered). [[cite]] says that it repeats published
code (`/responses`: a page). [[limit 40]] and [[filter 40]] end it after so many characters of text and arguments, as a
limit and a filter do: a call may be cut in the middle.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Ending = Literal["cut", "end", "stall", "reset", "error"]
UsageShown = Literal["exact", "absent", "zero"]
"""What an answer says of its cost in `copilot_usage`: what it is, nothing, or that it is nothing."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, or several at once; a fault without fields is none. Times are seconds."""

    status: int | None = None
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    expired: bool = False
    html: bool = False
    redirect: str | None = None
    delay: float = 0.0
    headers_then_stall: bool = False
    split: bool | int = False
    drip: float = 0.0
    cut_after: int | None = None
    end_after: int | None = None
    stall_after: int | None = None
    reset: bool = False
    reset_after: int | None = None
    error_after: int | None = None
    error_code: int = 429
    refuse_reused: bool = False
    close_after: bool = False
    lie_length: int = 0
    no_done: bool = False
    after_done_stall: bool = False
    crlf: bool = False
    no_space: bool = False
    comments: bool = False
    unicode_separators: bool = False
    wrong_type: bool = False
    json_for_stream: bool = False
    overflow: bool = False
    unsupported: tuple[str, ...] = ()
    fail_after: int | None = None
    ping: bool = False
    bedrock: bool = False
    copilot_usage: UsageShown | None = None

    @property
    def ending(self) -> tuple[Ending, int] | None:
        """How the body ends before its time, and after how many events or bytes; None when it does not."""
        ends: tuple[tuple[Ending, int | None], ...] = (
            ("cut", self.cut_after),
            ("end", self.end_after),
            ("stall", self.stall_after),
            ("reset", self.reset_after),
            ("error", self.error_after),
        )
        return next(((name, after) for name, after in ends if after is not None), None)

    def over(self, other: "Fault") -> "Fault":
        """Both faults at once; where both speak, this one counts."""
        if self is NONE:
            return other
        if other is NONE:
            return self
        return Fault(**(_set(other) | _set(self)))


NONE = Fault()


def _set(fault: Fault) -> dict[str, Any]:  # Any: the fields have many types
    return {f.name: value for f in fields(fault) if (value := getattr(fault, f.name)) != getattr(NONE, f.name)}


@dataclass(frozen=True)
class Directive:
    """One `[[name argument]]`."""

    name: str
    argument: str = ""


def directives(text: str) -> Iterator[Directive]:
    """Every directive in a text, in order; JSON arguments may themselves hold `]]`."""
    at = text.find("[[")
    while at >= 0:
        inner, end = _inner(text, at + 2)
        name, _, argument = inner.strip().partition(" ")
        if name:
            yield Directive(name.lower(), argument.strip())
        at = text.find("[[", end)


def without_directives(text: str) -> str:
    """The text a human would read."""
    if "[[" not in text:
        return text
    kept, at = [], 0
    while (start := text.find("[[", at)) >= 0:
        kept.append(text[at:start])
        at = _inner(text, start + 2)[1]
    return " ".join("".join([*kept, text[at:]]).split())


def _inner(text: str, start: int) -> tuple[str, int]:
    brace = text.find("{", start)
    close = text.find("]]", start)
    if 0 <= brace < close:
        try:
            _, after = json.JSONDecoder().raw_decode(text, brace)
        except ValueError:
            after = brace
        close = text.find("]]", after)
    if close < 0:
        return "", len(text)
    return text[start:close], close + 2


def header_directives(value: str) -> Iterator[Directive]:
    """The directives of an `X-Simulator-Fault` header, with or without brackets."""
    return directives(value if "[[" in value else "".join(f"[[{part}]]" for part in value.split(";")))


FLAGS = {
    "expired": "expired",
    "html": "html",
    "headers": "headers_then_stall",
    "close": "close_after",
    "stale": "refuse_reused",
    "no-done": "no_done",
    "done-stall": "after_done_stall",
    "crlf": "crlf",
    "no-space": "no_space",
    "comments": "comments",
    "unicode": "unicode_separators",
    "wrong-type": "wrong_type",
    "json": "json_for_stream",
    "overflow": "overflow",
    "ping": "ping",
    "bedrock": "bedrock",
}
COUNTS = {
    "cut": "cut_after",
    "end": "end_after",
    "fail": "fail_after",
    "lie": "lie_length",
    "split": "split",
    "stall": "stall_after",
}
SHOWN: dict[str, UsageShown] = {"exact": "exact", "absent": "absent", "zero": "zero"}
VALUES: dict[str, Callable[[str], object]] = {
    "code": str,
    "delay": float,
    "drip": float,
    "copilot-usage": lambda word: SHOWN[word],
    "redirect": str,
    "unsupported": lambda names: tuple(names.split()),
}


def fault_of(found: Iterator[Directive] | list[Directive]) -> Fault:
    """The fault that directives name together; what is no fault, or not well written, is passed over."""
    settings: dict[str, Any] = {}  # Any: the fields have many types
    for directive in found:
        try:
            settings |= _settings(directive)
        except (KeyError, ValueError):
            continue
    return Fault(**settings) if settings else NONE


def _settings(directive: Directive) -> dict[str, Any]:  # Any: the fields have many types
    argument = directive.argument
    match directive.name:
        case name if name in FLAGS:
            return {FLAGS[name]: True}
        case name if name in COUNTS:
            return {COUNTS[name]: int(argument or 1)}
        case name if name in VALUES:
            return {name.replace("-", "_"): VALUES[name](argument)}
        case "reset":
            return {"reset_after": int(argument)} if argument else {"reset": True}
        case "error":
            after, *code = argument.split()
            return {"error_after": int(after)} | ({"error_code": int(code[0])} if code else {})
        case "status":
            return _status(argument)
        case _:
            return {}


def _status(argument: str) -> dict[str, Any]:  # Any: the fields have many types
    status, *pairs = argument.split()
    named = dict(pair.split("=", 1) for pair in pairs)
    special = {key: named.pop(key) for key in ("code", "body") if key in named}
    return {"status": int(status), "headers": named} | special


class Faults:
    """The faults waiting for requests, path by path."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, str | None, int | None]] = []

    def add(self, fault: Fault, path: str | None, times: int | None) -> None:
        """Let `fault` meet the next `times` requests to `path` (None: any path; None times: until cleared)."""
        self._waiting.append((fault, path, times))

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()

    def take(self, path: str, *, reused: bool) -> Fault:
        """The first fault waiting for that path; one that refuses reused connections waits for such a one."""
        for index, (fault, wanted, times) in enumerate(self._waiting):
            if wanted not in {None, path} or (fault.refuse_reused and not reused):
                continue
            if times is not None:
                self._waiting[index : index + 1] = [(fault, wanted, times - 1)] if times > 1 else []
            return fault
        return NONE
