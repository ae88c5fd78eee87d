"""Completes a whole relayed answer, where Copilot leaves out what clients of Chat Completions need.

https://platform.openai.com/docs/api-reference/chat/object
"""

import msgspec
from msgspec import UNSET, UnsetType

from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import JSON
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.openai.chat.chunks import TokenCounts, read_token_counts
from passenger.dialects.openai.chat.relay import read_chunk
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import Fields
from passenger.jsontext.surrogates import replace_surrogates_in


def complete(data: bytes, model: str, identity: AnswerIdentity) -> tuple[bytes, Usage | None]:
    """See `Outbound.complete`."""
    outline = _read_outline(data)
    if outline is not None and _is_ordinary(outline):
        answer = _amend(data, outline, identity.created)
    else:
        answer = complete_answer(data, model=model, now=identity.created)
    metered = outline or read_chunk(data)
    if metered is None or metered.usage is None:
        return answer, None
    return answer, read_token_counts(metered.usage, metered.copilot_usage)


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[JSON] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    index: int = 0
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    """The shape on which `complete_answer` relies."""

    choices: list[_Choice] | None = None


class _OutlineCall(msgspec.Struct, gc=False):
    type: msgspec.Raw | UnsetType = UNSET


class _OutlineMessage(msgspec.Struct, gc=False):
    role: str | None = None
    content: str | UnsetType | None = UNSET
    padding: msgspec.Raw | UnsetType = UNSET
    tool_calls: list[_OutlineCall] | None = None


class _OutlineChoice(msgspec.Struct, gc=False):
    index: int | UnsetType = UNSET
    message: _OutlineMessage | None = None
    finish_reason: str | None = None


class _Outline(msgspec.Struct, gc=False):
    """What tells whether anything is missing, and the usage."""

    id: msgspec.Raw | UnsetType = UNSET
    object: str | UnsetType | None = UNSET
    created: int | UnsetType | None = UNSET
    model: str | None = None
    choices: list[_OutlineChoice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: CopilotUsage | None = None

    @property
    def has_odd_choices(self) -> bool:
        """Whether a choice lacks its index, or its message has padding."""
        return any(one.index is UNSET or _padding(one) is not None for one in self.choices or ())


def _padding(choice: _OutlineChoice) -> msgspec.Raw | None:
    """The `padding` in its message."""
    padding = choice.message.padding if choice.message else UNSET
    return None if padding is UNSET else padding


_OUTLINE = msgspec.json.Decoder(_Outline)
_FIELDS = msgspec.json.Decoder(Fields)
_CHOICES = msgspec.json.Decoder(list[Fields])


def _read_outline(data: bytes) -> _Outline | None:
    """The outline of an answer, None where the fast decoder cannot read it or it is not UTF-8."""
    try:
        data.isascii() or data.decode()
        return _OUTLINE.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_ordinary(outline: _Outline) -> bool:
    """Whether nothing is missing but what `_amend` adds: each choice is whole, and the only one with its index."""
    choices = outline.choices or ()
    if not choices or outline.id is UNSET or not outline.model:
        return False
    alone = len(choices) == 1 or len({0 if one.index is UNSET else one.index for one in choices}) == len(choices)
    return alone and all(_is_whole(choice.message) for choice in choices)


def _is_whole(message: _OutlineMessage | None) -> bool:
    if message is None or not message.role or message.content is UNSET:
        return False
    return all(call.type is not UNSET for call in message.tool_calls or ())


def _amend(data: bytes, outline: _Outline, now: int) -> bytes:
    """An ordinary answer with what Azure's and Claude's lack, and without padding; no value is decoded (2026-09)."""
    if (spliced := _splice(data, outline, now)) is not None:
        return spliced
    odd = outline.has_odd_choices
    fields = _FIELDS.decode(data)
    if not outline.object:
        fields["object"] = msgspec.Raw(b'"chat.completion"')
    if not outline.created:
        fields["created"] = msgspec.Raw(b"%d" % now)
    if odd:
        choices = [_complete_choice(choice) for choice in _CHOICES.decode(fields["choices"])]
        fields["choices"] = msgspec.Raw(msgspec.json.encode(choices))
    return msgspec.json.encode(fields)


def _splice(data: bytes, outline: _Outline, now: int) -> bytes | None:
    """The same by editing the bytes, where they are written as Azure writes them; None elsewhere.

    This takes a fifth of the time that decoding and encoding the top level take.
    """
    choices = outline.choices or ()
    if len(choices) == 1 and choices[0].index is not UNSET:
        if (padding := _padding(choices[0])) is not None:
            field = b',"padding":%b' % bytes(padding)
            # In a text its quotes would be escaped, so this is the only field of that name. With an escaped letter in a
            # name it may be another field.
            if data.count(b'"padding"') != 1 or field not in data or b"\\u00" in data:
                return None
            data = data.replace(field, b"", 1)
    elif outline.has_odd_choices:
        return None
    more = b""
    if not outline.object:
        more += b',"object":"chat.completion"'
    if not outline.created:
        more += b',"created":%d' % now
    if not more:
        return data
    if outline.object in {None, ""} or outline.created in {None, 0} or not data.endswith(b"}"):
        return None  # the field is there, but empty
    return data[:-1] + more + b"}"


def _complete_choice(choice: Fields) -> Fields:
    message = _FIELDS.decode(choice["message"])
    if message.pop("padding", None) is not None:
        choice["message"] = msgspec.Raw(msgspec.json.encode(message))
    choice.setdefault("index", msgspec.Raw(b"0"))
    return choice


def complete_answer(data: bytes, *, model: str, now: int) -> bytes:
    """Make a whole answer a valid OpenAI object; the very same bytes where it is one (2026-09).

    Azure's answers lack `object` and `created`, and have `padding`. Claude's lack `index`, and have text and tool calls
    in several choices. With a limit of one token there may be no choice at all.

    Raises:
        msgspec.MsgspecError: the answer is not JSON, or not of an answer's shape.
    """
    # An answer that was billed is not refused for its lone surrogates.
    answer = surrogates.decode_object(data)
    _check_shape(answer)
    before = surrogates.encode(answer)
    answer.setdefault("id", "chatcmpl-unknown")
    answer["object"] = answer.get("object") or "chat.completion"
    answer["created"] = answer.get("created") or now
    answer["model"] = answer.get("model") or model
    empty = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "length"}
    answer["choices"] = _merge(answer.get("choices") or [empty])
    after = surrogates.encode(answer)
    return data if after == before else after


def _check_shape(answer: JSON) -> None:
    """Check the shape of an answer; msgspec cannot report an error about text with a lone surrogate."""
    try:
        msgspec.convert(answer, _Answer)
    except UnicodeEncodeError:
        msgspec.convert(replace_surrogates_in(answer), _Answer)


def _merge(choices: list[JSON]) -> list[JSON]:
    """One choice for each index; a missing index is 0."""
    merged: dict[int, JSON] = {}
    for choice in choices:
        index = choice.setdefault("index", 0)
        choice["message"] = choice.get("message") or {}
        _complete_message(choice["message"])
        merged[index] = _join(merged[index], choice) if index in merged else choice
    return list(merged.values())


def _join(first: JSON, second: JSON) -> JSON:
    """Two choices of one index as one, with the text and the tool calls of both."""
    one, two = first["message"], second["message"]
    text = [part for part in (one["content"], two["content"]) if part]
    calls = [*(one.get("tool_calls") or ()), *(two.get("tool_calls") or ())]
    message = {**two, **one, "content": "".join(text) if text else one["content"]}
    if calls:
        message["tool_calls"] = calls
    reason = second.get("finish_reason") or first.get("finish_reason")
    return {**second, **first, "message": message, "finish_reason": reason}


def _complete_message(message: JSON) -> None:
    message.pop("padding", None)
    message["role"] = message.get("role") or "assistant"
    message.setdefault("content", None)
    for call in message.get("tool_calls") or ():
        call.setdefault("type", "function")
