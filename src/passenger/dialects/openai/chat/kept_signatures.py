"""Keeps the signed reasoning of relayed answers, and restores it in requests that come without it (2026-11).

Gemini 3 and Claude sign their reasoning (`reasoning_opaque`) and want it back with the calls that it led to. Without it
they reason anew, or loop. Few clients of Chat Completions know the field.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, Struct, UnsetType

from passenger.chat import signatures
from passenger.chat.events import PARTS_LIMIT, AnswerIdentity, AnswerPart
from passenger.chat.prompt import Ask, Reasoning, Signature, ToolCall
from passenger.dialects import KeptSignatures, MissingSignature, SignedAnswers
from passenger.dialects.openai.chat.quirks import relay
from passenger.dialects.openai.chat.relay import RelayChunk, StreamRelay
from passenger.jsontext.raw_object import Fields, RawObject
from passenger.jsontext.reading import decode_strictly

NAME = "completions"
SIGNING_VENDORS = frozenset({"anthropic", "google"})
"""Vendors that want their signatures back."""

_OPAQUE = b'"reasoning_opaque"'


# --- answers -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Choice:
    """The reasoning and the calls of one choice."""

    reasoning: list[str] = field(default_factory=list)
    signature: str = ""
    calls: list[str] = field(default_factory=list)


class SignatureWatch:
    """Collects the signed reasoning and the calls of a relayed stream, as one of its fixes that changes nothing."""

    def __init__(self, vendor: str) -> None:
        self._origin = f"{NAME}/{vendor}"
        self._choices: dict[int, _Choice] = {}

    def __call__(self, chunk: RelayChunk, data: bytes) -> bytes:
        """Read one event."""
        for choice in chunk.choices or ():
            delta = choice.delta
            if delta is None:
                continue
            if delta.reasoning_text is not UNSET or delta.reasoning_opaque is not UNSET:
                self._add(choice.index, _text(delta.reasoning_text), _text(delta.reasoning_opaque))
            for call in delta.tool_calls or ():
                if call.id:
                    self._of(choice.index).calls.append(call.id)
        return data

    def answers(self) -> Iterator[list[AnswerPart]]:
        """The reasoning and the calls of each choice."""
        for choice in self._choices.values():
            calls = dict.fromkeys(choice.calls)
            yield _parts("".join(choice.reasoning), choice.signature, self._origin, list(calls))

    def _add(self, index: int, text: str, signature: str) -> None:
        choice = self._of(index)
        choice.reasoning.append(text)
        choice.signature = signature or choice.signature

    def _of(self, index: int) -> _Choice:
        return self._choices.setdefault(index if len(self._choices) < PARTS_LIMIT else 0, _Choice())


def relay_watched(ask: Ask, identity: AnswerIdentity, vendor: str) -> tuple[StreamRelay, Callable[[], SignedAnswers]]:
    """See `KeptSignatures.relay`."""
    watch = SignatureWatch(vendor)
    return relay(ask, identity, watch), watch.answers


class _Call(Struct, gc=False):
    id: str | None = None


class _Message(Struct):
    role: str = ""
    tool_calls: list[_Call] | None = None
    reasoning_text: msgspec.Raw | UnsetType = UNSET
    reasoning_opaque: msgspec.Raw | UnsetType = UNSET


class _AnswerChoice(Struct):
    message: _Message | None = None


class _Answer(Struct):
    choices: list[_AnswerChoice] = []


_ANSWER = msgspec.json.Decoder(_Answer)
_MESSAGES = msgspec.json.Decoder(list[_Message])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_FIELDS = msgspec.json.Decoder(Fields)
_TEXT = msgspec.json.Decoder(str)


def read_answers(answer: bytes, vendor: str) -> Iterator[list[AnswerPart]]:
    """The reasoning and the calls of each choice of a whole answer."""
    if _OPAQUE not in answer:
        return
    decoded = decode_strictly(_ANSWER, answer) or _Answer()
    for message in [choice.message for choice in decoded.choices if choice.message is not None]:
        signature = _text(message.reasoning_opaque)
        yield _parts(_text(message.reasoning_text), signature, f"{NAME}/{vendor}", _ids(message))


def _parts(text: str, signature: str, origin: str, calls: Sequence[str]) -> list[AnswerPart]:
    reasoning = [Reasoning(text, Signature(origin, signature))] if signature else []
    return [*reasoning, *(ToolCall(call, "", "") for call in calls)]


# --- requests ----------------------------------------------------------------------------------------------------


def find_missing(body: RawObject) -> list[MissingSignature]:
    """The messages without their signatures; none where the fast decoder cannot read them."""
    decoded = decode_strictly(_MESSAGES, body.raw_value("messages")) or ()
    return [
        MissingSignature(index, ids)
        for index, message in enumerate(decoded)
        if message.role == "assistant" and not _text(message.reasoning_opaque) and (ids := _ids(message))
    ]


def restore(body: RawObject, found: Mapping[int, Sequence[Reasoning]], vendor: str) -> None:
    """Put reasoning into the messages at these indices, as far as this vendor signed it."""
    fitting = {index: one for index, several in found.items() if (one := _join(several, vendor))}
    if fitting:
        items = _ITEMS.decode(body.raw_value("messages"))
        for index, reasoning in fitting.items():
            items[index] = msgspec.Raw(_add_reasoning(bytes(items[index]), reasoning))
        body.set_raw("messages", msgspec.json.encode(items))


def _join(reasoning: Sequence[Reasoning], vendor: str) -> Reasoning | None:
    """All reasoning that this vendor signed as one, with the last signature: a message has room for one."""
    opened = [
        one for one in reasoning if one.signature is not None and signatures.belongs_to(one.signature, NAME, vendor)
    ]
    return Reasoning("".join(one.text for one in opened), opened[-1].signature) if opened else None


def _add_reasoning(message: bytes, reasoning: Reasoning) -> bytes:
    fields: dict[str, object] = {**_FIELDS.decode(message)}
    fields.pop("reasoning_text", None)
    if reasoning.text:
        fields["reasoning_text"] = reasoning.text
    fields["reasoning_opaque"] = reasoning.signature.value if reasoning.signature else None
    return msgspec.json.encode(fields)


# --- JSON --------------------------------------------------------------------------------------------------------


def _ids(message: _Message) -> list[str]:
    return [call.id for call in message.tool_calls or () if call.id]


def _text(raw: msgspec.Raw | UnsetType) -> str:
    """The string that a field holds, empty where it holds none."""
    return "" if raw is UNSET else decode_strictly(_TEXT, raw) or ""


KEPT_SIGNATURES = KeptSignatures(
    vendors=SIGNING_VENDORS,
    relay=relay_watched,
    read_answers=read_answers,
    find_missing=find_missing,
    restore=restore,
)
