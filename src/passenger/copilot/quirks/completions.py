"""Fix-ups that Copilot's wire needs, one function each: the reason, the date it was last seen, and a test by its name.

Each can be deleted the day its reason is gone.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from passenger import seals
from passenger.body import Body, Fields
from passenger.chat import Abilities, Ask, Stamp, Usage
from passenger.copilot.paths import CHAT_EFFORT, text_at
from passenger.copilot.quirks.cache_marks import mark_chat
from passenger.copilot.quirks.thinking import KIND, fit_effort, is_wrong, reform
from passenger.decoding import dumps, mend
from passenger.dialects.completions import Chunk, ChunkChoice, Fix, StreamRelay, limit_field, read_chunk, read_usage
from passenger.dialects.completions.wire import Bill, TokenCounts, usage_of
from passenger.events import PARTS_LIMIT, too_many_parts

JSON = dict[str, Any]

CHUNK_OBJECT = "chat.completion.chunk"
_NAMED = b'{"object":"%b",' % CHUNK_OBJECT.encode()


# --- what the gateway calls --------------------------------------------------------------------------------------


def prepare(body: Body, ask: Ask, able: Abilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """See `Quirks.prepare`."""
    ask_for_usage(body, ask)
    name_the_limit(body, ask, able)
    dropped = (*take_back_seals(body, ask), *think_as_the_model_can(body, ask, able))
    mark_chat(body, ask, able)
    return {}, dropped


def relay(ask: Ask, stamp: Stamp, *watches: Fix) -> StreamRelay:
    """See `Quirks.relay`; `watches` see each event as it came."""
    return StreamRelay((*watches, *stream_fixes(ask)))


def complete(data: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
    """See `Quirks.complete`."""
    look = _look_at(data)
    if look is not None and _is_ordinary(look):
        usage = usage_of(look.usage, look.copilot_usage) if look.usage is not None else None
        return _amended(data, look, stamp.created), usage
    chunk = read_chunk(data)
    return complete_answer(data, model=model, now=stamp.created), read_usage(chunk) if chunk else None


# --- requests ----------------------------------------------------------------------------------------------------


def ask_for_usage(body: Body, ask: Ask) -> None:
    """Ask for the usage event that a client did not ask for: what was spent is told nowhere else (2026-09)."""
    if ask.stream and not ask.wants_usage:
        options = body.get("stream_options")
        body.set("stream_options", {**(options or {}), "include_usage": True})


def name_the_limit(body: Body, ask: Ask, able: Abilities) -> None:
    """Call the limit what OpenAI's newer models want it called; they refuse `max_tokens` (2026-03)."""
    if "max_tokens" in body.names() and limit_field(ask.model, able) != "max_tokens":
        body.rename("max_tokens", "max_completion_tokens")


def take_back_seals(body: Body, ask: Ask) -> tuple[str, ...]:
    """Take thoughts out that another of Copilot's APIs has sealed; no vendor takes another's (2026-11)."""
    if not ask.sealed:
        return ()
    messages, changed = body.get("messages"), False
    dropped: tuple[str, ...] = ()
    for message in messages if isinstance(messages, list) else ():
        sealed = message.get("reasoning_opaque") if isinstance(message, dict) else None
        if not isinstance(sealed, str) or not seals.is_wrapped(sealed):
            continue
        changed, seal = True, seals.unwrap(sealed)
        if seal.origin.startswith("completions/"):
            message["reasoning_opaque"] = seal.value
        else:
            del message["reasoning_opaque"]
            message.pop("reasoning_text", None)
            dropped = ("messages.reasoning_opaque",)
    if changed:
        body.set("messages", messages)
    return dropped


def think_as_the_model_can(body: Body, ask: Ask, able: Abilities) -> tuple[str, ...]:
    """Say a wish to think in the form that the model takes, with an effort that it lists (2026-11)."""
    if not ask.thinks:
        return ()
    wrong = able.vendor == "anthropic" and is_wrong(text_at(body, KIND), able)
    lost = reform(body, able, CHAT_EFFORT)[0] if wrong else []
    return (*lost, *fit_effort(body, able, CHAT_EFFORT))


# --- streams -----------------------------------------------------------------------------------------------------


def stream_fixes(ask: Ask) -> tuple[Fix, ...]:
    """The fixes of one completions stream, in the order they are applied; each stream has its own, for their state."""
    usage = () if ask.wants_usage else (withhold_usage,)
    calls = (CallNumbering(),) if ask.tools else ()
    return (*usage, *calls, name_the_object)


def withhold_usage(chunk: Chunk, data: bytes) -> bytes | None:
    """Keep usage from clients that did not ask for it.

    They index `choices[0]` of the event that only we asked for (2026-09), and Gemini's zeros on every chunk until the
    last are no usage that anybody has had (2026-11).
    """
    if chunk.usage is None:
        return data
    if not chunk.choices:
        return None if chunk.choices == [] else data
    return dumps({name: value for name, value in _fields(data).items() if name != "usage"})


def name_the_object(chunk: Chunk, data: bytes) -> bytes:
    """Put `object` where Copilot leaves it out or empty: pydantic-ai refuses chunks without it (2026-11)."""
    if chunk.object or chunk.choices is None:
        return data
    if chunk.object is msgspec.UNSET:
        return _NAMED + data.lstrip()[1:]
    return dumps({**_fields(data), "object": CHUNK_OBJECT})


def _fields(data: bytes) -> JSON:
    """The top-level values of a chunk, as the bytes they are where that can be."""
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return _decoded(data)


class CallNumbering:
    """Number Claude's parallel tool calls, which may all say `index: 0` and differ by `id` alone (recorded 2025-03).

    A delta with an id other than the call's before it begins a new call; a delta without an id goes on with the
    last one of its index.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int], str] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._count: dict[int, int] = {}

    def __call__(self, chunk: Chunk, data: bytes) -> bytes:
        """Renumber one event where that changes anything."""
        said = [_indices(choice) for choice in chunk.choices or ()]
        if not any(said):
            return data
        numbers = [self._renumber(choice) for choice in chunk.choices or ()]
        return data if said == numbers else _renumbered(data, numbers)

    def _renumber(self, choice: ChunkChoice) -> list[int | None]:
        calls = choice.delta.tool_calls if choice.delta else None
        return [self._number(choice.index, call.index or 0, call.id) for call in calls or ()]

    def _number(self, choice: int, index: int, call_id: str | None) -> int:
        key = (choice, index)
        if key not in self._numbers or (call_id and self._ids.get(key) not in (None, call_id)):
            if len(self._numbers) >= PARTS_LIMIT:
                raise too_many_parts()
            self._numbers[key] = self._count.get(choice, 0)
            self._count[choice] = self._numbers[key] + 1
        if call_id:
            self._ids[key] = call_id
        return self._numbers[key]


def _indices(choice: ChunkChoice) -> list[int | None]:
    calls = choice.delta.tool_calls if choice.delta else None
    return [call.index for call in calls or ()]


def _renumbered(data: bytes, numbers: list[list[int | None]]) -> bytes:
    event = _decoded(data)
    for choice, indices in zip(event["choices"], numbers, strict=True):
        for call, index in zip(choice["delta"]["tool_calls"] if indices else (), indices, strict=True):
            call["index"] = index
    return dumps(event)


# --- whole answers -----------------------------------------------------------------------------------------------


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[JSON] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    index: int = 0
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    """As much of an answer's shape as completing it relies on."""

    choices: list[_Choice] | None = None


class _LookedCall(msgspec.Struct, gc=False):
    type: msgspec.Raw | UnsetType = UNSET


class _LookedMessage(msgspec.Struct, gc=False):
    role: str | None = None
    content: str | UnsetType | None = UNSET
    padding: msgspec.Raw | UnsetType = UNSET
    tool_calls: list[_LookedCall] | None = None


class _LookedChoice(msgspec.Struct, gc=False):
    index: int | UnsetType = UNSET
    message: _LookedMessage | None = None
    finish_reason: str | None = None


class _Look(msgspec.Struct, gc=False):
    """What `complete_answer` would change is seen in it, and what the answer used."""

    id: msgspec.Raw | UnsetType = UNSET
    object: str | UnsetType | None = UNSET
    created: int | UnsetType | None = UNSET
    model: str | None = None
    choices: list[_LookedChoice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: Bill | None = None

    @property
    def has_odd_choices(self) -> bool:
        """Whether a choice lacks its index, or its message has what no client wants."""
        return any(one.index is UNSET or _padding(one) is not None for one in self.choices or ())


def _padding(choice: _LookedChoice) -> msgspec.Raw | None:
    """What is said to be padding in its message."""
    padding = choice.message.padding if choice.message else UNSET
    return None if padding is UNSET else padding


_LOOK = msgspec.json.Decoder(_Look)
_FIELDS = msgspec.json.Decoder(Fields)
_CHOICES = msgspec.json.Decoder(list[Fields])


def _look_at(data: bytes) -> _Look | None:
    """A look at an answer, None where it is none that the fast decoder reads, or no UTF-8 anywhere."""
    try:
        data.isascii() or data.decode()
        return _LOOK.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_ordinary(look: _Look) -> bool:
    """Whether nothing is missing but what `_amended` adds: each choice is whole, and the only one of its index."""
    choices = look.choices or ()
    if not choices or look.id is UNSET or not look.model:
        return False
    alone = len(choices) == 1 or len({0 if one.index is UNSET else one.index for one in choices}) == len(choices)
    return alone and all(_is_whole(choice.message) for choice in choices)


def _is_whole(message: _LookedMessage | None) -> bool:
    if message is None or not message.role or message.content is UNSET:
        return False
    return all(call.type is not UNSET for call in message.tool_calls or ())


def _amended(data: bytes, look: _Look, now: int) -> bytes:
    """An ordinary answer with what Azure's and Claude's lack, and without padding; no value is opened (2026-09)."""
    if (spliced := _spliced(data, look, now)) is not None:
        return spliced
    odd = look.has_odd_choices
    fields = _FIELDS.decode(data)
    if not look.object:
        fields["object"] = msgspec.Raw(b'"chat.completion"')
    if not look.created:
        fields["created"] = msgspec.Raw(b"%d" % now)
    if odd:
        fields["choices"] = msgspec.Raw(msgspec.json.encode([*map(_mended, _CHOICES.decode(fields["choices"]))]))
    return msgspec.json.encode(fields)


def _spliced(data: bytes, look: _Look, now: int) -> bytes | None:
    """The same by taking out and putting in bytes, where what is to be changed is written as Azure writes it.

    Nearly all are, and this takes a fifth of the time of opening the answer and writing it anew.
    """
    choices = look.choices or ()
    if len(choices) == 1 and choices[0].index is not UNSET:
        if (padding := _padding(choices[0])) is not None:
            field = b',"padding":%b' % bytes(padding)
            # Within a text its quotes would be escaped, so that this is the one field of the name; but a name may be
            # written with escaped letters, too, and then this may be another.
            if data.count(b'"padding"') != 1 or field not in data or b"\\u00" in data:
                return None
            data = data.replace(field, b"", 1)
    elif look.has_odd_choices:
        return None
    more = b""
    if not look.object:
        more += b',"object":"chat.completion"'
    if not look.created:
        more += b',"created":%d' % now
    if not more:
        return data
    if look.object in {None, ""} or look.created in {None, 0} or not data.endswith(b"}"):
        return None  # it is there, though it says nothing
    return data[:-1] + more + b"}"


def _mended(choice: Fields) -> Fields:
    message = _FIELDS.decode(choice["message"])
    if message.pop("padding", None) is not None:
        choice["message"] = msgspec.Raw(msgspec.json.encode(message))
    choice.setdefault("index", msgspec.Raw(b"0"))
    return choice


def complete_answer(data: bytes, *, model: str, now: int) -> bytes:
    """Make a non-streaming answer a valid OpenAI object; bytes that already are one stay as they are (2026-09).

    Azure's lack `object` and `created` and carry `padding`; Claude's lack `index` and spread text and tool calls
    over several choices; a limit of one token may leave no choice at all.

    Raises:
        msgspec.MsgspecError: the answer is not JSON, or not of an answer's shape.
    """
    answer = _decoded(data)
    _check(answer)
    before = dumps(answer)
    answer.setdefault("id", "chatcmpl-unknown")
    answer["object"] = answer.get("object") or "chat.completion"
    answer["created"] = answer.get("created") or now
    answer["model"] = answer.get("model") or model
    answer["choices"] = _merged(answer.get("choices") or [_empty_choice()])
    after = dumps(answer)
    return data if after == before else after


def _decoded(data: bytes) -> JSON:
    """The answer; lone surrogates stay what they are, because Copilot has billed it."""
    try:
        return msgspec.json.decode(data, type=JSON)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _decoded_leniently(data)


def _decoded_leniently(data: bytes) -> JSON:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error
    if not isinstance(document, dict):
        raise msgspec.DecodeError("it is no object")
    return document


def _check(answer: JSON) -> None:
    """Look for the shape of an answer; msgspec cannot name what holds a lone surrogate."""
    try:
        msgspec.convert(answer, _Answer)
    except UnicodeEncodeError:
        msgspec.convert(mend(answer), _Answer)


def _merged(choices: list[JSON]) -> list[JSON]:
    """One choice for each index, a missing index counting as the first."""
    merged: dict[int, JSON] = {}
    for choice in choices:
        index = choice.setdefault("index", 0)
        _complete_message(choice.setdefault("message", {}))
        merged[index] = _joined(merged[index], choice) if index in merged else choice
    return list(merged.values())


def _joined(first: JSON, second: JSON) -> JSON:
    """Two choices of one index as one, with the text and tool calls of both."""
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


def _empty_choice() -> JSON:
    return {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "length"}
