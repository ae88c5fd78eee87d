"""An answer as its events tell it."""

from collections.abc import Iterable

from passenger.events import Answer, Event, Folder


def fold(events: Iterable[Event]) -> Answer:
    """The answer that these events are.

    Raises:
        ValueError: they are not one whole answer.
    """
    folder = Folder()
    for event in events:
        folder.add(event)
    if folder.answer is None:
        raise ValueError("the events end before the answer does")
    return folder.answer
