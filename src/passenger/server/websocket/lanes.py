"""The protocol on one WebSocket, without the socket: what clients send goes in, what is to be done comes out.

A lane, named by `stream_id`, answers its requests one after the other; lanes run side by side. Each keeps the latest
answer that it has completed, also one of `store: false`, for the request that refers to it by `previous_response_id`;
one that fails lets it go (https://developers.openai.com/api/docs/guides/websocket-mode).
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from passenger.dialects.openai.responses.compaction import since_compaction
from passenger.dialects.openai.responses.stored_turn import ENCRYPTED
from passenger.errors import Failure
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import Fields, RawObject, split_array, split_object
from passenger.jsontext.reading import loads
from passenger.server.websocket.commands import Command, SendText, StartTurn
from passenger.server.websocket.texts import bad_frame, failure_text, mark_of, steer_failed, warm_up

LONGEST_NAME = 256
"""Characters of a `stream_id`."""

ONLY_HERE = ("type", "stream", "background", "stream_id", "generate")
"""Fields of `response.create` that do not go on, as the transport decides them."""

FINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
"""The types of the events after which a request is answered."""

_COMPLETE = frozenset({"response.completed", "response.incomplete"})


@dataclass(frozen=True, slots=True)
class KeptChain:
    """A completed answer: all items up to it, in order."""

    id: str
    items: tuple[bytes, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for its lane."""

    fields: Fields
    generates: bool
    size: int


@dataclass(slots=True)
class Lane:
    """One lane: what runs on it, what waits, and what it remembers."""

    mark: bytes
    runs: bool = False
    is_complete: bool = False
    """Whether the answer that runs, or the last one, was completed."""
    waiting: deque[Asked] = field(default_factory=deque)
    model: bytes = b""
    """The JSON of the last model's name."""
    kept: KeptChain | None = None
    items: tuple[bytes, ...] | None = None
    """All items of the request that runs; None where they are not known."""


class _Output(msgspec.Struct):
    id: str
    output: list[msgspec.Raw] = msgspec.field(default_factory=list)


class _Final(msgspec.Struct):
    response: _Output


_FINAL = msgspec.json.Decoder(_Final)


class Lanes:
    """All lanes of one connection: at most `most`, with `most_waiting` requests, and `largest` bytes kept by each.

    `is_kept`: whether answers are kept elsewhere, too, unless their request says `store: false`.
    """

    def __init__(self, most: int, most_waiting: int, largest: int, *, is_kept: bool = False) -> None:
        self._most = most
        self._most_waiting = most_waiting
        self._largest = largest
        self._lanes = OrderedDict[str | None, Lane]()
        self._is_kept = is_kept
        self._closed_by: Failure | None = None

    @property
    def running(self) -> int:
        """Requests that are being answered."""
        return sum(lane.runs for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """Requests that wait for one before them."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @property
    def size(self) -> int:
        """Bytes that wait, and that are kept."""
        waiting = sum(asked.size for lane in self._lanes.values() for asked in lane.waiting)
        return waiting + sum(lane.kept.size for lane in self._lanes.values() if lane.kept)

    # --- what comes --------------------------------------------------------------------------------------------------

    def receive(self, text: bytes) -> list[Command]:
        """A text frame of the client."""
        mark = b""
        try:
            fields = _split(text)
            name = _stream_id(fields)
            mark = mark_of(name)
            return self._take(name, fields, len(text))
        except Failure as failure:
            return [SendText(failure_text(failure, mark))]

    def note(self, name: str | None, kind: str, data: bytes) -> None:
        """Take note of an event of the answer that runs on a lane, which ends it if it is one of `FINAL`."""
        lane = self._lanes.get(name)
        if lane is None or kind not in FINAL:
            return
        items, lane.items, lane.kept = lane.items, None, None
        if kind in _COMPLETE:
            lane.is_complete = True
            lane.kept = None if items is None else self._keep(items, data)

    def ended(self, name: str | None) -> list[Command]:
        """The answer on a lane has ended, in whatever way; the next request of the lane follows."""
        lane = self._lanes.get(name)
        if lane is None:
            return []
        if not lane.is_complete:
            lane.items = lane.kept = None
        lane.runs = False
        return [*self._next(name, lane)]

    def drop_waiting(self, failure: Failure) -> list[Command]:
        """Answer all that wait with a failure, and take nothing any more."""
        self._closed_by = failure
        told = [SendText(failure_text(failure, lane.mark)) for lane in self._lanes.values() for _ in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        return [*told]

    def forget(self) -> None:
        """Let go of the answers that are kept, as there is no room for them."""
        for lane in self._lanes.values():
            lane.kept = None

    # --- inside ------------------------------------------------------------------------------------------------------

    def _take(self, name: str | None, fields: Fields, size: int) -> list[Command]:
        kind = _read(fields, "type")
        if kind == "response.steer":
            return [SendText(_refuse_steering(fields, mark_of(name)))]
        if kind != "response.create":
            told = f"{kind!r:.100} is no event that is known here; send response.create"
            raise bad_frame(told, "type", code="unknown_event_type")
        if self._closed_by is not None:
            raise self._closed_by.but()
        generates = _read(fields, "generate")
        if not (generates is None or isinstance(generates, bool)):
            raise bad_frame("generate must be true or false", "generate")
        asked = Asked({key: raw for key, raw in fields.items() if key not in ONLY_HERE}, generates is not False, size)
        lane = self._lane(name)
        if not lane.runs and not lane.waiting:
            lane.waiting.append(asked)
            return [*self._next(name, lane)]
        if self.waiting >= self._most_waiting:
            told = f"{self._most_waiting} requests wait on this WebSocket already ([limits] websocket_waiting)"
            raise bad_frame(told, None, code="too_many_waiting_requests", status=429)
        lane.waiting.append(asked)
        return []

    def _lane(self, name: str | None) -> Lane:
        """The lane of that name; one at rest makes room for a new one."""
        lane = self._lanes.get(name)
        if lane is None:
            if len(self._lanes) >= self._most:
                self._forget_one()
            lane = self._lanes[name] = Lane(mark_of(name))
        self._lanes.move_to_end(name)
        return lane

    def _forget_one(self) -> None:
        for name, lane in self._lanes.items():
            if not lane.runs and not lane.waiting:
                del self._lanes[name]
                return
        told = f"{self._most} lanes of this WebSocket are busy already ([limits] websocket_lanes)"
        raise bad_frame(told, "stream_id", code="too_many_lanes", status=429)

    def _next(self, name: str | None, lane: Lane) -> Iterator[Command]:
        """Start what waits next; what is answered here at once is followed by the next."""
        while lane.waiting and not lane.runs:
            asked = lane.waiting.popleft()
            try:
                yield from self._start(name, lane, asked)
            except Failure as failure:
                lane.kept = lane.items = None
                yield SendText(failure_text(failure, lane.mark))

    def _start(self, name: str | None, lane: Lane, asked: Asked) -> Iterator[Command]:
        fields = asked.fields
        if "model" in fields:
            lane.model = bytes(fields["model"])
        elif lane.model:
            fields["model"] = msgspec.Raw(lane.model)
        previous = _read(fields, "previous_response_id")
        parent = self._find(previous) if isinstance(previous, str) else None
        items, follows = _input_items(fields), None
        if parent is not None and items is not None:
            follows = parent.id
            items = (*since_compaction(parent.items), *items)
            del fields["previous_response_id"]
            fields["input"] = msgspec.Raw(b"[%b]" % b",".join(items))
        elif previous is not None:
            items = None  # what comes before them is not known here
        if asked.generates:
            if self._is_kept and _read(fields, "store") is not False:
                items = None  # it is found where it is kept, and its chain has its right beginning there
            if items is not None:
                _ask_for_reasoning(fields)
            lane.runs, lane.is_complete, lane.items = True, False, items
            fields["stream"] = msgspec.Raw(b"true")
            yield StartTurn(name, surrogates.encode(fields), follows)
            return
        if items is None:
            if previous is not None:
                raise _lost(previous)
            raise bad_frame("input must be text or items", "input")
        yield from self._warm_up(lane, items, previous)

    def _warm_up(self, lane: Lane, items: tuple[bytes, ...], previous: object) -> Iterator[Command]:
        model = loads(lane.model) if lane.model else None
        identity, texts = warm_up(str(model or ""), str(previous) if previous else None, lane.mark)
        lane.kept = self._kept(identity, items)
        for text in texts:
            yield SendText(text)

    def _find(self, identity: str) -> KeptChain | None:
        """The answer of that id, on whichever lane."""
        return next((one.kept for one in self._lanes.values() if one.kept and one.kept.id == identity), None)

    def _keep(self, items: tuple[bytes, ...], data: bytes) -> KeptChain | None:
        try:
            response = surrogates.decode(_FINAL, data).response
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return self._kept(response.id, (*items, *map(bytes, response.output)))

    def _kept(self, identity: str, items: tuple[bytes, ...]) -> KeptChain | None:
        size = sum(map(len, items))
        return KeptChain(identity, items, size) if size <= self._largest else None


def _split(text: bytes) -> Fields:
    """The top-level values of a frame."""
    try:
        return split_object(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, IndexError):
        raise bad_frame("a text frame must be a JSON object", None, code="invalid_json") from None


def _read(fields: Fields, name: str) -> object:
    """The value of a field, None where it is absent."""
    return RawObject(b"", fields).get(name)


def _stream_id(fields: Fields) -> str | None:
    name = _read(fields, "stream_id")
    if name is None or (isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and _is_sound(name)):
        return name
    raise bad_frame(f"stream_id must be a text of 1 to {LONGEST_NAME} characters", "stream_id")


def _is_sound(name: str) -> bool:
    """Whether it has no lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _input_items(fields: Fields) -> tuple[bytes, ...] | None:
    """The items of a request; None for what is no input."""
    raw = bytes(fields.get("input", b"[]")).strip()
    if raw.startswith(b'"'):
        return (b'{"type":"message","role":"user","content":%b}' % raw,)
    return tuple(split_array(raw)) if raw.startswith(b"[") else None


def _ask_for_reasoning(fields: Fields) -> None:
    """Have reasoning come with what lets it go on in the next request."""
    include = _read(fields, "include")
    if include is None or (isinstance(include, list) and ENCRYPTED not in include):
        fields["include"] = msgspec.Raw(surrogates.encode([*(include or ()), ENCRYPTED]))


def _lost(previous: object) -> Failure:
    told = f"Previous response with id '{previous}' not found."
    return bad_frame(told, "previous_response_id", code="previous_response_not_found")


def _refuse_steering(fields: Fields, mark: bytes) -> bytes:
    """The input goes back to the client."""
    steer = {name: fields[name] for name in ("previous_response_id", "input") if name in fields}
    told = "what a model is asked cannot be changed while it answers; send response.create after it"
    return steer_failed(steer, bad_frame(told, None, code="steering_not_supported"), mark)
