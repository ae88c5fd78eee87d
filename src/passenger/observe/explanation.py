"""What became of one request, in sentences: what was passed on, changed, left out, learned, tried again, and why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from passenger.observe.amounts import cost, elapsed, span
from passenger.observe.records import RequestRecord

Fact = tuple[str, str]
"""A title, and what is said below it; no text where there is nothing to say."""

APIS: Mapping[str, str] = {"completions": "Chat Completions", "responses": "Responses", "messages": "Messages"}
"""Copilot's own APIs by our names for their dialects."""

CLIENT_APIS = (
    (re.compile(r"/chat/completions$"), "Chat Completions"),
    (re.compile(r"/responses(/compact)?$"), "Responses"),
    (re.compile(r"/messages(/count_tokens)?$"), "Messages"),
    (re.compile(r":\w+$"), "Gemini's API"),
    (re.compile(r"/api/\w+$"), "Ollama's API"),
)
"""What a client speaks, by the path that it asks."""

RETRIES: Mapping[str, str] = {
    "401": "Copilot no longer took the token, so a new one was fetched",
    "421": "Copilot sent us to another host, so a new token was fetched that names it",
    "connect": "the connection could not be made",
    "stale connection": "a kept connection turned out to be closed before anything was read from it",
    "learned": "the model refused a field, so the request was sent without it",
    "cache_marks": "the prompt-cache breakpoints that we had set were refused, so it was sent without them",
}
"""Why something was sent again. Nothing that may have been billed ever is."""

OUTCOMES: Mapping[str, str] = {
    "ok": "complete",
    "failed": "failed before anything was answered",
    "broken": "broke off in the middle of the answer; an error event said so",
    "client_gone": "the client left, or stopped reading, before it had all of the answer",
    "unfinished": "ended because the server was made to stop",
}

INITIATORS: Mapping[str, str] = {
    "user": "user: Copilot was told that a person asked",
    "agent": "agent: Copilot was told that a program went on by itself",
}


def explain(record: RequestRecord, now: float) -> Iterator[Fact]:
    """All that is known of a request that ended before the Unix time `now`."""
    yield "request", record.id
    yield "ended", f"{_clock(record.ended)}, {span(now - record.ended)} ago"
    yield (
        "client",
        record.client
        if record.user_agent in {"", record.client}
        else f"{record.client} ({_printable(record.user_agent)})",
    )
    yield "session", _printable(record.session or "")
    yield "asked", f"{record.method} {record.path}" + (", streamed" if record.stream else "")
    yield "model", _model(record)
    yield "way", _way(record)
    yield "initiator", INITIATORS.get(record.initiator or "", record.initiator or "")
    yield "left out", _explain_dropped(record.dropped)
    yield "tried again", "\n".join(f"{name}: {RETRIES.get(name, _UNKNOWN)}" for name in record.retries)
    yield "learned", _explain_learned(record.lessons)
    yield "upstream", _upstream(record)
    yield "outcome", f"{record.status}: {OUTCOMES.get(record.outcome, record.outcome)}"
    yield "error", ": ".join(filter(None, (record.error_code, record.error_message)))
    yield "time", _time(record)
    yield "tokens", _tokens(record)
    yield "cost", _cost(record)
    yield "launch", record.tag


_UNKNOWN = "sent once more"

_COST_SOURCES = {
    "priced": ", by the catalogue's prices: Copilot did not say",
    "estimated": ", estimated from what had come when the answer was cut",
    "unknown": ": neither Copilot nor its catalogue says",
}


def _cost(record: RequestRecord) -> str:
    """What it cost, and how that is known; empty where no model was asked."""
    if record.cost_source is None:
        return ""
    return cost(record.credits, record.premium_requests) + _COST_SOURCES.get(record.cost_source, "")


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _printable(text: str) -> str:
    """What a client has said, fit for a line."""
    return "".join(char if char.isprintable() else "?" for char in text)[:80]


def _model(record: RequestRecord) -> str:
    if record.model is None:
        return record.asked or ""
    return record.model if record.asked in {None, record.model} else f"{record.model}, asked for as {record.asked!r}"


def _way(record: RequestRecord) -> str:
    api = APIS.get(record.dialect or "", record.dialect or "")
    match record.mode:
        case "relayed":
            return f"relayed: the model speaks {api}, as the client does, so what passes is its own bytes"
        case "translated":
            return f"translated: the client speaks {_spoken(record.path)}, the model was asked in {api}"
        case _:
            return ""


def _spoken(path: str) -> str:
    return next((name for pattern, name in CLIENT_APIS if pattern.search(path)), "another API")


def _explain_dropped(names: Sequence[str]) -> str:
    return f"{', '.join(names)}: the model has no place for it, or was found not to take it" if names else ""


def _explain_learned(lessons: Sequence[str]) -> str:
    return f"{', '.join(lessons)}: refused by the model, and left out from the start for a while" if lessons else ""


def _upstream(record: RequestRecord) -> str:
    if record.upstream is None:
        return "nobody: it was not sent" if record.attempts == 0 else ""
    attempts = "" if record.attempts < 2 else f", {record.attempts} attempts"
    return f"{record.upstream}{attempts}" + (f"; its id is {record.upstream_ids[0]}" if record.upstream_ids else "")


def _time(record: RequestRecord) -> str:
    parts = [f"{elapsed(record.seconds)} in all"]
    if record.first_byte is not None:
        parts.append(f"first byte after {elapsed(record.first_byte)}")
    if record.overhead_ms is not None:
        parts.append(f"{record.overhead_ms:.1f} ms of it ours")
    return ", ".join(parts)


def _tokens(record: RequestRecord) -> str:
    if record.input is None:
        return ""
    read = {"from the cache": record.cached, "written to it": record.written}
    told = _in_brackets(f"{count:,} {what}" for what, count in read.items() if count)
    thought = _in_brackets([f"{record.reasoning:,} of them thinking"] if record.reasoning else [])
    return f"{record.input:,} in{told}, {record.output or 0:,} out{thought}"


def _in_brackets(parts: Iterator[str] | Sequence[str]) -> str:
    text = ", ".join(parts)
    return f" ({text})" if text else ""
