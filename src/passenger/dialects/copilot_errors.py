"""What goes wrong alike in all of Copilot's APIs: a prompt that is too long, and a stream that breaks.

How each API says that a prompt is too long for its model:

| API | status | message | code |
|---|---|---|---|
| Chat Completions | 400 | prompt token count of 14001 exceeds the limit of 12288 | `model_max_prompt_tokens_exceeded` |
| Messages | 400 | prompt is too long: 1000500 tokens > 1000000 maximum | the same |
| Responses | 400 | Your input exceeds the context window of this model. | `invalid_request_body` |
"""

import re

from passenger.errors import Failure, Kind

OVERFLOW = "context_length_exceeded"
"""The code of a failure which says that a prompt is too long for its model, whichever API said it."""

_CODES = frozenset({"model_max_prompt_tokens_exceeded", OVERFLOW})
_COUNTS = (
    re.compile(r"prompt token count of (\d{1,18}) exceeds the limit of (\d{1,18})"),
    re.compile(r"prompt is too long: (\d{1,18}) tokens > (\d{1,18})"),
)
_WITHOUT_COUNTS = "nput exceeds the context window"


def recognize_overflow(failure: Failure) -> Failure:
    """The failure with the code and the counts of an overflow, where Copilot says so; else the very same."""
    found = next(filter(None, (shape.search(failure.message) for shape in _COUNTS)), None)
    if found is None and failure.code not in _CODES and _WITHOUT_COUNTS not in failure.message:
        return failure
    counts = (int(found[1]), int(found[2])) if found else None
    return failure.but(kind=Kind.INVALID, status=400, code=OVERFLOW, overflow=counts)


def bad_event(what: str) -> Failure:
    """The failure of a stream with an event that cannot be read, or that has no place where it stands."""
    return Failure(Kind.UPSTREAM, f"Copilot's stream has {what}", code="bad_event")


def unreadable_event(why: object) -> Failure:
    """The failure of a stream with an event that cannot be read."""
    return bad_event(f"an event that cannot be read: {why}")


def incomplete() -> Failure:
    """The failure of a stream that ended before its answer was complete."""
    return Failure(Kind.UPSTREAM, "Copilot ended the stream before the answer was complete", code="stream_broken")
