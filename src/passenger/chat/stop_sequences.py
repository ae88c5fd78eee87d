"""Ends an answer at a stop sequence, for the API that has none (Responses). A sequence may come in pieces."""

from collections.abc import Iterator

from passenger.chat.events import Delta, Event, Finish, PartStart, PartStop, Reason


class StopMatcher:
    """Finds the first of several sequences in a text that comes in pieces.

    The first is the one that ends first, the longest where several end there, however the text is cut.
    """

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = tuple(sequence for sequence in sequences if sequence)
        self._held = ""
        self.met: str | None = None

    def feed(self, piece: str) -> str:
        """The text that is now known to come before any sequence; the possible beginning of one is held back."""
        text = self._held + piece
        found = self._first(text)
        if found is None:
            kept = len(text) - self._beginning(text)
            self._held = text[kept:]
            return text[:kept]
        self._held, self.met = "", found
        return text[: text.find(found)]

    def flush(self) -> str:
        """The text that was held back, at the end of the text."""
        held, self._held = self._held, ""
        return held

    def _first(self, text: str) -> str | None:
        present = [(at + len(found), at, found) for found in self._sequences if (at := text.find(found)) >= 0]
        return min(present)[2] if present else None

    def _beginning(self, text: str) -> int:
        """How many characters at the end may be the beginning of a sequence."""
        return max((_overlap(text, sequence) for sequence in self._sequences), default=0)


def _overlap(text: str, sequence: str) -> int:
    """How many characters at the end of the text are the beginning of the sequence, but not all of it."""
    at = text.find(sequence[0], max(0, len(text) - len(sequence) + 1))
    while at >= 0 and not sequence.startswith(text[at:]):
        at = text.find(sequence[0], at + 1)
    return len(text) - at if at >= 0 else 0


class StopFilter:
    """Ends an answer's text at the first stop sequence. Of what follows only the usage is kept."""

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = sequences
        self._matcher: StopMatcher | None = None
        self.met: str | None = None

    def apply(self, event: Event) -> Iterator[Event]:
        """The events that one event becomes."""
        match event:
            case Finish() if self.met is not None:
                yield self.finish(event)
            case _ if self.met is not None:
                return
            case PartStart("text"):
                self._matcher = StopMatcher(self._sequences)
                yield event
            case Delta(text) if self._matcher is not None:
                yield from self._text(self._matcher, text)
            case PartStop() if self._matcher is not None:
                yield from _delta(self._matcher.flush())
                self._matcher = None
                yield event
            case _:
                yield event

    def finish(self, event: Finish | None = None) -> Finish:
        """The finish of an answer that a stop sequence ended."""
        return Finish(Reason.STOP, event.usage if event else None, self.met)

    def _text(self, matcher: StopMatcher, text: str) -> Iterator[Event]:
        yield from _delta(matcher.feed(text))
        if matcher.met is not None:
            self.met = matcher.met
            yield PartStop()


def _delta(text: str) -> Iterator[Delta]:
    if text:
        yield Delta(text)
