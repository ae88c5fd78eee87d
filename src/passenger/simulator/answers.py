"""What the simulated model says: the same to the same question, and useful to look at; it knows no wire format.

Without directives it says in words what it was asked, or calls the tool that gets or reads what it is asked for.
`faults.py` has the directives that ask for something else.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from passenger.simulator.caching import NOTHING_CACHED, Cached
from passenger.simulator.calls import Call, filled
from passenger.simulator.catalogue import Model
from passenger.simulator.errands import errand
from passenger.simulator.faults import Directive, without_directives
from passenger.simulator.filler import fill
from passenger.simulator.question import CHARACTERS_A_TOKEN, Question, tokens
from passenger.simulator.typed import without_wrappers

QUOTE = 200  # how much of the question an answer repeats, in characters
EVENT_WIDTH = 8
BLOCK = 4096
REFUSAL = "This cannot be answered."
UNICODE = " line\u2028separator, \U0001f686 and \u4e57\u5ba2"
PIECE = re.compile(r"\s*\S{1,24}(?:\s+\S{1,8}(?!\S))?\s*")  # one long word, or a word with a short one after it


Finish = Literal["stop", "length", "tool_calls", "refusal", "filter"]

ENDINGS: dict[str, Finish] = {"limit": "length", "filter": "filter"}
"""The directives that end an answer in the middle."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: text in the pieces it is streamed in, or tool calls, or both."""

    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    finish: Finish = "stop"
    stopped_at: str | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Answer:
    """Every choice, the thinking and searches before them, a digest that ids are made of, and token counts.

    `cites`: it repeats what stands elsewhere, and says so.
    """

    choices: tuple[Choice, ...]
    digest: str
    thinking: str
    prompt_tokens: int
    completion_tokens: int
    searches: tuple[str, ...] = ()
    cached: Cached = NOTHING_CACHED
    cites: bool = False

    @property
    def reasoning_tokens(self) -> int:
        """The thinking's length in tokens."""
        return tokens(self.thinking)

    @property
    def opaque(self) -> str:
        """The seal of the thinking: text that only the vendor could read."""
        return base64.b64encode(f"simulated-opaque-{self.digest}".encode()).decode()


def answer(
    question: Question,
    raw: bytes,
    model: Model,
    orders: Sequence[Directive],
    *,
    seed: int,
    unicode: bool,
    cached: Cached = NOTHING_CACHED,
) -> Answer:
    """Answer a question; `raw` is the bytes of its request, which ids are made from."""
    digest = hashlib.blake2b(f"{seed}\n{model.id}\n".encode() + raw, digest_size=20).hexdigest()
    calls = _calls(question, orders, model, raw)
    choices = tuple(_choice(question, model, orders, calls, index, unicode=unicode) for index in range(question.count))
    said = sum(tokens(choice.text) + sum(tokens(c.name + c.arguments) for c in choice.calls) for choice in choices)
    searches = tuple(order.argument for order in orders if order.name == "search" and question.searches)
    if question.must_search and not searches:
        searches = (question.said[:QUOTE],)
    cites, thought = any(order.name == "cite" for order in orders), _thinking(question, orders)
    return Answer(choices, digest, thought, question.prompt_tokens, said, searches, cached, cites)


def split(text: str, width: int | None = None) -> tuple[str, ...]:
    """A text in the pieces it is streamed in: a word or two, or `width` characters each."""
    if width is None:
        return (tuple(PIECE.findall(text)) or (text,)[: len(text)]) if len(text) < BLOCK else split(text, BLOCK)
    return tuple(text[at : at + width] for at in range(0, len(text), width))


def _choice(
    question: Question,
    model: Model,
    orders: Sequence[Directive],
    calls: tuple[Call, ...],
    index: int,
    *,
    unicode: bool,
) -> Choice:
    if any(order.name == "refuse" for order in orders):
        return Choice(split(REFUSAL), (), "refusal")
    if calls:
        called = Choice(split("Let me look.") if model.vendor == "claude" else (), calls, "tool_calls")
        return _cut(called, *_ending(question, orders))
    text, width = _text(question, model, orders)
    if index:
        text += f" (choice {index + 1})"
    text, finish, stopped_at = _limited(text + (UNICODE if unicode else ""), question)
    return _cut(Choice(split(text, width), (), finish, stopped_at), *_ending(question, orders))


def _ending(question: Question, orders: Sequence[Directive]) -> tuple[Finish, int | None]:
    """Where an answer ends in the middle, in characters, and why: as ordered, else at the limit that was asked for."""
    for order in orders:
        if order.name in ENDINGS and order.argument.isdecimal():
            return ENDINGS[order.name], int(order.argument)
    return "length", question.limit and question.limit * CHARACTERS_A_TOKEN


def _cut(choice: Choice, finish: Finish, room: int | None) -> Choice:
    """The choice with no more than so many characters of text and arguments."""
    if room is None or room >= len(choice.text) + sum(len(call.arguments) for call in choice.calls):
        return choice
    text, calls = choice.text[:room], list[Call]()
    room -= len(text)
    for call in choice.calls:
        calls.append(Call(call.name, call.arguments[:room]))
        if room < len(call.arguments):
            break
        room -= len(call.arguments)
    return Choice(split(text), tuple(calls) if text == choice.text else (), finish)


def _text(question: Question, model: Model, orders: Iterable[Directive]) -> tuple[str, int | None]:
    """The text, and how wide its pieces are (None: words)."""
    for order in orders:
        if order.name == "say":
            return order.argument, None
        if order.name == "events" and order.argument.isdecimal():
            return "".join(f"{n:<{EVENT_WIDTH}}" for n in range(1, int(order.argument) + 1)), EVENT_WIDTH
        if order.name == "size" and order.argument.isdecimal():
            size = int(order.argument)
            return ("All work and no play makes a long text. " * (size // 40 + 1))[:size], None
    if question.results:
        return f"The tool said: {without_wrappers(question.results)}", None
    return _formatted(question) or _words(question, model), None


def _words(question: Question, model: Model) -> str:
    said = without_directives(question.said)
    quoted = said if len(said) <= QUOTE else said[:QUOTE] + "\u2026"
    counts = ((question.messages, "message"), (question.offered, "tool"), (question.images, "image"))
    listed = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n)
    return f'Simulated {model.id} here. You said: "{quoted}" ({listed}).'


def _formatted(question: Question) -> str | None:
    if question.schema is not None:
        return json.dumps(fill(question.schema), ensure_ascii=False)
    if question.json:
        return json.dumps({"simulated": True, "you_said": question.said[:QUOTE]}, ensure_ascii=False)
    return None


def _limited(text: str, question: Question) -> tuple[str, Finish, str | None]:
    """The text cut at a stop string, then at the token limit, why it ends, and the stop string that ended it."""
    found = [(at, stop) for stop in question.stops if stop and (at := text.find(stop)) >= 0]
    at, stopped_at = min(found, default=(len(text), None))
    text = text[:at]
    if question.limit and tokens(text) > question.limit:
        return text[: question.limit * CHARACTERS_A_TOKEN], "length", None
    return text, "stop", stopped_at


def _calls(question: Question, orders: Sequence[Directive], model: Model, raw: bytes) -> tuple[Call, ...]:
    """The calls that were ordered, or else the one that is demanded; after a tool's result only with `[[insist]]`."""
    is_over = question.results and not any(order.name == "insist" for order in orders)
    if not question.tools or not question.callable or is_over:
        return ()
    ordered = [_ordered(order, model) for order in orders if order.name == "call"]
    calls = [call for call in ordered if call.name in question.tools]
    if not calls and (wanted := _wanted(question, raw)) is not None:
        calls = [wanted]
    return tuple(calls if question.parallel else calls[:1])


def _wanted(question: Question, raw: bytes) -> Call | None:
    """The call that is demanded, or that the words ask for."""
    if question.demanded is not None:
        return filled(question.demanded, question.tools[question.demanded])
    return errand(without_directives(question.said), question.tools, raw)


def _ordered(order: Directive, model: Model) -> Call:
    """Arguments are kept as they are written; without any, Claude writes nothing and the others an empty object."""
    name, _, arguments = order.argument.partition(" ")
    return Call(name, arguments.strip() or ("" if model.vendor == "claude" else "{}"))


def _thinking(question: Question, orders: Iterable[Directive]) -> str:
    if not question.thinks and not any(order.name == "think" for order in orders):
        return ""
    said = len(without_directives(question.said))
    return f"**Reading the question**\n\nThe user wrote {said} characters. A plain answer will do.\n\n"
