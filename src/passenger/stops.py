"""Stop sequences, cut here for an API that has none; it hides that a sequence may come in pieces."""

from collections.abc import Iterator

from passenger.events import Delta, Event, Finish, PartStart, PartStop, Reason


class Scan:
    """Looks for the first of some sequences in a text that comes piece by piece.

    Which one is first does not depend on how the text was cut: the one that ends first, the longest where several
    end there.
    """

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = tuple(sequence for sequence in sequences if sequence)
        self._held = ""
        self.met: str | None = None

    def feed(self, piece: str) -> str:
        """The text that is now known to come before any sequence; what may begin one is held back."""
        text = self._held + piece
        found = self._first(text)
        if found is None:
            kept = len(text) - self._beginning(text)
            self._held = text[kept:]
            return text[:kept]
        self._held, self.met = "", found
        return text[: text.find(found)]

    def flush(self) -> str:
        """The text that was held back, at the end of it all."""
        held, self._held = self._held, ""
        return held

    def _first(self, text: str) -> str | None:
        present = [(at + len(found), at, found) for found in self._sequences if (at := text.find(found)) >= 0]
        return min(present)[2] if present else None

    def _beginning(self, text: str) -> int:
        """The characters at the text's end that may be the beginning of a sequence."""
        return max((_overlap(text, sequence) for sequence in self._sequences), default=0)


def _overlap(text: str, sequence: str) -> int:
    """The most characters that are at once the text's end and the sequence's beginning, but not all of it."""
    at = text.find(sequence[0], max(0, len(text) - len(sequence) + 1))
    while at >= 0 and not sequence.startswith(text[at:]):
        at = text.find(sequence[0], at + 1)
    return len(text) - at if at >= 0 else 0


class Cut:
    """Ends an answer's words at the first stop sequence; what comes after it is left out, but for the usage."""

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = sequences
        self._scan: Scan | None = None
        self.met: str | None = None

    def apply(self, event: Event) -> Iterator[Event]:
        """What becomes of one event."""
        match event:
            case Finish() if self.met is not None:
                yield self.finish(event)
            case _ if self.met is not None:
                return
            case PartStart("text"):
                self._scan = Scan(self._sequences)
                yield event
            case Delta(text) if self._scan is not None:
                yield from self._words(self._scan, text)
            case PartStop() if self._scan is not None:
                yield from _delta(self._scan.flush())
                self._scan = None
                yield event
            case _:
                yield event

    def finish(self, event: Finish | None = None) -> Finish:
        """The end of an answer that was cut."""
        return Finish(Reason.STOP, event.usage if event else None, self.met)

    def _words(self, scan: Scan, text: str) -> Iterator[Event]:
        yield from _delta(scan.feed(text))
        if scan.met is not None:
            self.met = scan.met
            yield PartStop()


def _delta(text: str) -> Iterator[Delta]:
    if text:
        yield Delta(text)
