"""What must hold of every answer: told faithfully it arrives exactly, told wrongly it is an error, and it ends once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz.answers import completions, messages, responses
from fuzz.answers.asking import QUESTIONS, RELAYED, ask
from fuzz.answers.clients import Heard, hear
from fuzz.answers.framing import STYLES, pieces, written
from fuzz.answers.plan import Plan, plans
from fuzz.mutation import changed
from fuzz.requests.plan import Draw
from fuzz.requests.sending import inbound
from passenger.errors import Failure

JSON = dict[str, Any]

TELLERS: dict[str, Callable[[Draw, Plan], list[JSON | str]]] = {
    "completions": completions.tell,
    "messages": messages.tell,
    "responses": responses.tell,
}
"""What makes events of a plan, by the name of Copilot's API."""

_TEXT_ONLY = frozenset({"legacy", "ollama_generate"})
_NO_THOUGHTS = frozenset({"legacy"})


@dataclass(frozen=True, slots=True)
class Told:
    """A plan as a stream of one API: its events, raw, and the pieces that a network delivers."""

    api: str
    plan: Plan
    stream: tuple[bytes, ...]
    cut_off: bool = False
    """Whether the stream ends before its last event does."""
    detectable: bool = False
    """Whether what is wrong with it can be known from the stream itself."""


@st.composite
def faithful(draw: Draw, api: str) -> Told:
    """Answers that say all, in odd ways."""
    plan = draw(plans())
    raws = written(TELLERS[api](draw, plan), draw(STYLES))
    return Told(api, plan, tuple(pieces(draw, b"".join(raws))))


def must_arrive(told: Told, dialect: str) -> None:
    """The client has exactly what was told, streamed and whole, and is told once that this is all."""
    content = ask(dialect, told.api, list(told.stream))
    assert not isinstance(content, Failure), content
    heard = hear(dialect, content)
    assert (heard.errors, heard.ends, heard.after) == (0, 1, 0), heard
    _must_be(told.plan, heard, dialect)
    if not is_relayed(told, dialect):
        whole = ask(dialect, told.api, list(told.stream), streamed=False)
        assert isinstance(whole, bytes), whole
        assert _text_of(dialect, json.loads(whole)) == told.plan.text


def is_relayed(told: Told, dialect: str) -> bool:
    """Whether the client speaks what upstream does, and so gets its very bytes."""
    return dialect == told.api and dialect in RELAYED


def _must_be(plan: Plan, heard: Heard, dialect: str) -> None:
    assert heard.text == plan.text
    if dialect not in _TEXT_ONLY:
        assert heard.called() == plan.calls
    if dialect not in _NO_THOUGHTS:
        assert heard.thoughts == plan.thoughts


def _text_of(dialect: str, answer: JSON) -> str:
    parts: list[JSON]
    said: str
    match dialect:
        case "completions":
            said = answer["choices"][0]["message"]["content"] or ""
            return said
        case "legacy":
            said = answer["choices"][0]["text"]
            return said
        case "responses":
            parts = [part for item in answer["output"] for part in item.get("content") or ()]
        case "messages":
            parts = [block for block in answer["content"] if block["type"] == "text"]
        case "gemini":
            parts = [part for part in answer["candidates"][0]["content"]["parts"] if not part.get("thought")]
        case _:
            said = answer.get("response") or answer.get("message", {}).get("content") or ""
            return said
    return "".join(part.get("text") or "" for part in parts)


# --- told wrongly ------------------------------------------------------------------------------------------------


@st.composite
def mutated(draw: Draw, api: str) -> Told:
    """Answers of which something is lost, said twice, out of order, of another type, or cut off."""
    plan = draw(plans())
    events = TELLERS[api](draw, plan)
    at, to = (draw(st.integers(0, len(events) - 1)) for _ in range(2))
    what = draw(st.sampled_from(("drop", "duplicate", "swap", "type", "cut off")))
    words = _has_words(events[at]) and (what == "drop" or _are_of_one(events[at], events[to]))
    match what:
        case "drop":
            del events[at]
        case "duplicate":
            events.insert(to, events[at])
        case "swap":
            events[at], events[to] = events[to], events[at]
        case "type" if isinstance(events[at], dict):
            events[at] = changed(draw(st.randoms(use_true_random=False)), events[at])
    raws = written(events, draw(STYLES))
    stream = b"".join(raws)
    if what == "cut off":
        stream = stream[: draw(st.integers(0, len(stream)))]
    sure = api == "responses" and words and what in {"drop", "duplicate", "swap"}
    return Told(api, plan, tuple(pieces(draw, stream)), what == "cut off", sure)


def _has_words(event: JSON | str) -> bool:
    """Whether an event is a piece of a text that is said again as a whole."""
    return isinstance(event, dict) and event.get("type") == "response.output_text.delta"


def _are_of_one(first: JSON | str, second: JSON | str) -> bool:
    """Whether both are pieces of the same text; what comes before its item has begun is elsewhere in the answer."""
    if not isinstance(first, dict) or not isinstance(second, dict) or not _has_words(second):
        return False
    return bool(first["output_index"] == second["output_index"])


def must_end_once(told: Told, dialect: str) -> None:
    """A Failure before the start, or one end of either kind; and no text that is lost or wrong ends well."""
    content = ask(dialect, told.api, list(told.stream))
    if isinstance(content, Failure):
        must_be_said(content, dialect)
        return
    heard = hear(dialect, content, relayed=is_relayed(told, dialect))
    assert (heard.errors + heard.ends, heard.after) == (1, 0), heard
    if heard.ends and not heard.odd and (told.cut_off or told.detectable):
        assert heard.text == told.plan.text


def must_be_said(failure: Failure, dialect: str) -> bytes:
    """A failure can be said in the client's dialect: JSON of a bounded length, with a status of an error."""
    assert 400 <= failure.status < 600, failure.status
    body = inbound(dialect).write_failure(failure)
    json.loads(body)
    assert len(body) < 100_000, len(body)
    return body


DIALECTS = tuple(QUESTIONS)
"""The clients' dialects."""
