"""Marks the part of an answer that was cut off, and makes the arguments of its calls valid JSON.

Only the next event tells whether a part was cut off, so the end of each part is held back until then.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from passenger.chat.events import (
    PARTS_LIMIT,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    SearchEvent,
    is_cut,
    too_many_parts,
)
from passenger.jsontext.control_escapes import ControlEscapes

_NOTHING = Delta("{}")
"""The arguments of a call without any: some models write nothing, and clients parse what they get."""


class CutParts:
    """Passes the events of one answer on. Fails where it has too many parts."""

    def __init__(self) -> None:
        self._part = PartStart("text")
        self._parts = 0
        self._stop: PartStop | None = None
        self._arguments: ControlEscapes | None = None
        """Escapes the arguments of the open call, unless they are free text."""
        self._is_empty = True
        """Whether no arguments have come yet."""
        self._cut_call = False

    def apply(self, events: list[Event]) -> list[Event]:
        """The events to pass on now. The end of a part is passed on with the event after it."""
        passed: list[Event] = []
        for event in events:
            if type(event) is not Delta:
                passed += self._emit(event)
            elif self._arguments is None:
                passed.append(event)  # nearly all are
            else:
                passed.append(self._escape(event, self._arguments))
        return passed

    def flush(self) -> list[Event]:
        """The event that was held back, when the answer has broken off."""
        return list(self._end_part(cut=False))

    def _escape(self, piece: Delta, arguments: ControlEscapes) -> Delta:
        self._is_empty, text = False, piece.text
        emitted = arguments.write(text)
        return piece if emitted is text else Delta(emitted)

    def _emit(self, event: Event) -> Iterable[Event]:
        match event:
            case PartStop():
                self._stop, self._arguments = event, None
                return ()
            case PartStart() | SearchCall() | SearchDone() | Finish():
                return self._next(event)
            case _:
                return (event,)

    def _next(self, event: PartStart | SearchEvent | Finish) -> Iterator[Event]:
        yield from self._end_part(cut=is_cut(self._part, event))
        if not isinstance(event, Finish):
            self._parts += 1
            if self._parts > PARTS_LIMIT:
                raise too_many_parts()
        if isinstance(event, PartStart):
            self._part, self._is_empty = event, True
            self._arguments = ControlEscapes() if _takes_json(event) else None
            yield event
        else:
            yield self._finish(event) if isinstance(event, Finish) else event

    def _end_part(self, *, cut: bool) -> Iterator[Event]:
        stop, self._stop = self._stop, None
        if stop is None:
            return
        if self._is_empty and not cut and _takes_json(self._part):
            yield _NOTHING
        self._cut_call = self._cut_call or (cut and self._part.kind == "call")
        yield replace(stop, cut=True) if cut else stop

    def _finish(self, event: Finish) -> Finish:
        """The end. A refusal in the middle of a call is a filter: the model was stopped."""
        stopped = self._cut_call and event.reason is Reason.REFUSAL
        return replace(event, reason=Reason.FILTER) if stopped else event


def _takes_json(part: PartStart) -> bool:
    return part.kind == "call" and not part.custom
