"""The last touch to an answer's events on their way down: which part it was cut in, and arguments that can be read.

Only what comes after a part tells whether the answer ended inside it, so the end of each part waits for that.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from passenger.events import Delta, Event, Finish, PartStart, PartStop, Reason, is_cut
from passenger.jsontext.control import ControlEscapes

_NOTHING = Delta("{}")
"""The arguments of a call that needs none; some models write nothing then, and clients decode what they get."""


class CutParts:
    """Marks the part that one answer was cut in, and writes the arguments of its calls as JSON wants them."""

    def __init__(self) -> None:
        self._part = PartStart("text")
        self._stop: PartStop | None = None
        self._arguments: ControlEscapes | None = None
        """Of the call that is open, and no free text."""
        self._silent = True
        """Whether no arguments have come."""
        self._cut_call = False

    def apply(self, events: list[Event]) -> list[Event]:
        """What can be told now; the end of a part is told with what comes after it."""
        if len(events) == 1 and type(only := events[0]) is Delta:
            return events if self._arguments is None or (told := self._piece(only)) is only else [told]
        return [told for event in events for told in self._told(event)]

    def flush(self) -> list[Event]:
        """What has waited, where nothing comes after it because the answer has broken off."""
        return list(self._ended(cut=False))

    def _piece(self, piece: Delta) -> Delta:
        if self._arguments is None:
            return piece
        self._silent, text = False, piece.text
        told = self._arguments.write(text)
        return piece if told is text else Delta(told)

    def _told(self, event: Event) -> Iterable[Event]:
        match event:
            case Delta():
                return (self._piece(event),)
            case PartStop():
                self._stop, self._arguments = event, None
                return ()
            case PartStart() | Finish():
                return self._next(event)
            case _:
                return (event,)

    def _next(self, event: PartStart | Finish) -> Iterator[Event]:
        yield from self._ended(cut=is_cut(self._part, event))
        if isinstance(event, PartStart):
            self._part, self._silent = event, True
            self._arguments = ControlEscapes() if _takes_json(event) else None
            yield event
        else:
            yield self._finish(event)

    def _ended(self, *, cut: bool) -> Iterator[Event]:
        stop, self._stop = self._stop, None
        if stop is None:
            return
        if self._silent and not cut and _takes_json(self._part):
            yield _NOTHING
        self._cut_call = self._cut_call or (cut and self._part.kind == "call")
        yield replace(stop, cut=True) if cut else stop

    def _finish(self, event: Finish) -> Finish:
        """A refusal in the middle of a call is a filter: the model has not refused, it was stopped."""
        stopped = self._cut_call and event.reason is Reason.REFUSAL
        return replace(event, reason=Reason.FILTER) if stopped else event


def _takes_json(part: PartStart) -> bool:
    return part.kind == "call" and not part.custom
