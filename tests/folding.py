"""An answer as its events tell it."""

from collections.abc import Iterable

from passenger.chat.events import Answer, AnswerBuilder, Event


def fold(events: Iterable[Event]) -> Answer:
    """The answer that these events are.

    Raises:
        ValueError: they are not one whole answer.
    """
    builder = AnswerBuilder()
    for event in events:
        builder.add(event)
    if builder.answer is None:
        raise ValueError("the events end before the answer does")
    return builder.answer
