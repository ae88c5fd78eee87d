"""Put thoughts back that relayed clients of Chat Completions do not send with their calls (2026-11).

Gemini 3 and Claude seal their thoughts (`reasoning_opaque`) and want them back with the calls they led to; without them
they think anew, or loop. Few clients of OpenAI's API know the field.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from passenger import seals
from passenger.body import Body, Fields
from passenger.chat import Seal, Thought, ToolCall
from passenger.dialects.completions import Chunk
from passenger.events import PARTS_LIMIT, AnswerPart

NAME = "completions"
SEALING = frozenset({"anthropic", "google"})
"""Vendors that want their seals back."""

_OPAQUE = b'"reasoning_opaque"'


# --- answers -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Said:
    """What one choice has said."""

    words: list[str] = field(default_factory=list)
    seal: str = ""
    calls: list[str] = field(default_factory=list)


class Watch:
    """Watches a stream that is relayed, as one of its fixes that changes nothing."""

    def __init__(self, vendor: str) -> None:
        self._origin = f"{NAME}/{vendor}"
        self._said: dict[int, _Said] = {}

    def __call__(self, chunk: Chunk, data: bytes) -> bytes:
        """Note one event."""
        for choice in chunk.choices or ():
            delta = choice.delta
            if delta is None:
                continue
            if delta.reasoning_text is not UNSET or delta.reasoning_opaque is not UNSET:
                self._note(choice.index, _text(delta.reasoning_text), _text(delta.reasoning_opaque))
            for call in delta.tool_calls or ():
                if call.id:
                    self._of(choice.index).calls.append(call.id)
        return data

    def answers(self) -> Iterator[list[AnswerPart]]:
        """The thought and the calls of each choice."""
        for said in self._said.values():
            calls = dict.fromkeys(said.calls)
            yield _parts("".join(said.words), said.seal, self._origin, list(calls))

    def _note(self, index: int, words: str, seal: str) -> None:
        said = self._of(index)
        said.words.append(words)
        said.seal = seal or said.seal

    def _of(self, index: int) -> _Said:
        return self._said.setdefault(index if len(self._said) < PARTS_LIMIT else 0, _Said())


class _Call(Struct, gc=False):
    id: str | None = None


class _Message(Struct):
    role: str = ""
    tool_calls: list[_Call] | None = None
    reasoning_text: msgspec.Raw | UnsetType = UNSET
    reasoning_opaque: msgspec.Raw | UnsetType = UNSET


class _Choice(Struct):
    message: _Message | None = None


class _Answer(Struct):
    choices: list[_Choice] = []


_ANSWER = msgspec.json.Decoder(_Answer)
_MESSAGES = msgspec.json.Decoder(list[_Message])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_FIELDS = msgspec.json.Decoder(Fields)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def whole_answers(answer: bytes, vendor: str) -> Iterator[list[AnswerPart]]:
    """The same of an answer that came whole."""
    if _OPAQUE not in answer:
        return
    try:
        choices = _ANSWER.decode(answer).choices
    except _UNREADABLE:
        return
    for message in [choice.message for choice in choices if choice.message is not None]:
        seal = _text(message.reasoning_opaque)
        yield _parts(_text(message.reasoning_text), seal, f"{NAME}/{vendor}", _ids(message))


def _parts(words: str, seal: str, origin: str, calls: Sequence[str]) -> list[AnswerPart]:
    thoughts = [Thought(words, Seal(origin, seal))] if seal else []
    return [*thoughts, *(ToolCall(call, "", "") for call in calls)]


# --- requests ----------------------------------------------------------------------------------------------------


class Forgotten(NamedTuple):
    """A message with calls and no seal: its place, and the ids of the calls."""

    place: int
    calls: list[str]


def forgotten(messages: bytes) -> list[Forgotten]:
    """The messages that lack their thoughts; none where they cannot be read fast."""
    try:
        said = _MESSAGES.decode(messages)
    except _UNREADABLE:
        return []
    return [
        Forgotten(place, ids)
        for place, message in enumerate(said)
        if message.role == "assistant" and not _text(message.reasoning_opaque) and (ids := _ids(message))
    ]


def put_back(body: Body, found: Mapping[int, Sequence[Thought]], vendor: str) -> None:
    """Put thoughts into the messages at these places, as far as this vendor has sealed them."""
    fitting = {index: thought for index, thoughts in found.items() if (thought := _fitting(thoughts, vendor))}
    if fitting:
        items = _ITEMS.decode(body.raw_value("messages"))
        for index, thought in fitting.items():
            items[index] = msgspec.Raw(_with(bytes(items[index]), thought))
        body.set_raw("messages", msgspec.json.encode(items))


def _fitting(thoughts: Sequence[Thought], vendor: str) -> Thought | None:
    """The one thought that there is room for: all that was said, with the last of the seals."""
    opened = [one for one in thoughts if one.seal is not None and seals.opens_for(one.seal, NAME, vendor)]
    return Thought("".join(one.text for one in opened), opened[-1].seal) if opened else None


def _with(message: bytes, thought: Thought) -> bytes:
    fields: dict[str, object] = {**_FIELDS.decode(message)}
    fields.pop("reasoning_text", None)
    if thought.text:
        fields["reasoning_text"] = thought.text
    fields["reasoning_opaque"] = thought.seal.value if thought.seal else None
    return msgspec.json.encode(fields)


# --- JSON --------------------------------------------------------------------------------------------------------


def _ids(message: _Message) -> list[str]:
    return [call.id for call in message.tool_calls or () if call.id]


def _text(raw: msgspec.Raw | UnsetType) -> str:
    """A text, empty where it is none."""
    if raw is UNSET:
        return ""
    try:
        return msgspec.json.decode(raw, type=str)
    except _UNREADABLE:
        return ""
