"""What may befall a request of a soak, as a table, and which answers then are the right ones."""

from dataclasses import dataclass, field

from stress.dialects import Way


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the status, all that was said, and whether the connection broke before it was complete."""

    status: int
    said: bytes
    broke: bool = False


@dataclass(frozen=True, slots=True)
class Mishap:
    """A directive for the simulator, the statuses that fit it (200: and an error in the stream; none: a whole answer),
    and the client's own patience: the seconds, at most, after which it goes away by itself."""

    directive: str
    statuses: frozenset[int] = field(default_factory=frozenset)
    leaves: float | None = None


NONE = Mishap("")
"""Nothing goes wrong."""

MISHAPS = (
    Mishap("[[cut 4]]", frozenset({200, 502})),
    Mishap("[[reset]]", frozenset({200, 502})),
    Mishap("[[reset 3]]", frozenset({200, 502})),
    Mishap("[[status 429 retry-after=1]]", frozenset({429})),
    Mishap("[[status 500]]", frozenset({500, 502})),
    Mishap("[[status 503]]", frozenset({503})),
    Mishap("[[stall 2]]", leaves=2.0),
    Mishap("[[headers]]", leaves=1.0),
    Mishap("[[delay 30]]", leaves=1.0),
    Mishap("[[drip 0.2]] [[events 40]]", leaves=4.0),
)


def complaint(way: Way, mishap: Mishap, answer: Answer) -> str:
    """Why an answer does not fit what befell its request; empty where it does."""
    if not mishap.statuses:
        fits = answer.status == 200 and not answer.broke and way.whole(answer.said) and not way.failed(answer.said)
    elif answer.status == 200:
        fits = 200 in mishap.statuses and not answer.broke and way.failed(answer.said)
    else:
        fits = answer.status in mishap.statuses and b"error" in answer.said
    if fits:
        return ""
    return f"{way.name} stream={way.stream} {mishap.directive or 'well'}: {answer.status} {answer.said[-200:]!r}"
