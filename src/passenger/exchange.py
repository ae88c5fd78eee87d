"""One request's life as it is recorded: asked what, by which route, in how many attempts, with what outcome."""

import random
from collections.abc import Callable, Iterable
from enum import StrEnum
from time import perf_counter, time
from types import TracebackType

from msgspec import Struct, field

from passenger.account.principal import Principal
from passenger.chat import Ask, Took, Usage
from passenger.errors import Failure
from passenger.routing import Route


class Outcome(StrEnum):
    """How an exchange ended."""

    OK = "ok"
    FAILED = "failed"
    BROKEN = "broken"
    """The answer had begun and could not be finished."""
    CLIENT_GONE = "client_gone"
    UNFINISHED = "unfinished"
    """It was given up before its last byte had gone down, and nobody has said why: the server was made to stop."""


_VERSION, _VERSIONS = 0x4000_8000_0000_0000_0000, 0xF000_C000_0000_0000_0000
"""The bits that make a number of 128 bits a UUID of version 4 (RFC 9562, 5.4), and all that stand there."""


def new_id() -> str:
    """A UUID, which is a number and no secret: at a third of what `uuid.uuid4` takes. A forked worker has its own."""
    digits = f"{random.getrandbits(128) & ~_VERSIONS | _VERSION:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_ID_HEADERS = ("x-github-request-id", "x-copilot-service-request-id", "x-request-id")

_MOST, _LONGEST = 200, 200
"""Names that are noted of what was left out, and characters of each."""


class Exchange(Struct):
    """One request and what became of it; times are `perf_counter` seconds unless they say otherwise."""

    method: str
    path: str
    user_agent: bytes = b""
    """What the client says of itself, as it came."""
    principal: Principal | None = None
    """Who asks; None where nobody was let in."""
    id: str = field(default_factory=new_id)
    started: float = field(default_factory=perf_counter)
    time: float = field(default_factory=time)
    """When it began, in Unix seconds."""
    seat: str = ""
    """Who pays for it, empty until that is asked for."""
    session: str = ""
    """What the client calls the session that it belongs to, empty where it says nothing."""
    is_question: bool = False
    """Whether it came to a route that reads a request for a model."""
    ask: Ask | None = None
    model: str | None = None
    """The model that went up, where it was resolved to another name than the one asked for."""
    route: Route | None = None
    calls: int = 1
    """Requests to Copilot side by side that it became."""
    dropped: list[str] = field(default_factory=list)
    """What of the request did not go up, in the client's own words."""
    status: int = 0
    attempts: int = 0
    retries: list[str] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)
    """What a refusal has taught of the model on the way."""
    upstream: str | None = None
    """The host that was asked last."""
    upstream_ids: tuple[str, ...] = ()
    """What GitHub and Copilot call it themselves, GitHub first."""
    token_left: float | None = None
    """Seconds that the Copilot token was still good for when it was sent."""
    received: float | None = None
    """When the whole request was there."""
    waited: float = 0.0
    """Seconds since then in which GitHub, Copilot or the network had the next word, not we."""
    answered: float | None = None
    """When Copilot's headers were there, of an answer that is translated."""
    begun: float | None = None
    """When its first word was there, of an answer that is translated."""
    first_byte: float | None = None
    ended: float | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    outcome: Outcome = Outcome.UNFINISHED

    def complete(self) -> None:
        """Record that the last byte has gone down; an answer that went wrong before stays one."""
        self._end(Outcome.OK)

    def leave(self) -> None:
        """Record that the client has gone; an answer that went wrong before stays one."""
        self._end(Outcome.CLIENT_GONE)

    def _end(self, outcome: Outcome) -> None:
        if self.outcome is Outcome.UNFINISHED:
            self.outcome = outcome

    def fail(self, failure: Failure, outcome: Outcome = Outcome.FAILED) -> None:
        """Record what went wrong, without the frames that it went through: they hold the request, and this record."""
        self.failure = failure.but()
        failure.__traceback__ = None
        self.outcome = outcome

    def drop(self, names: Iterable[str]) -> None:
        """Note what was left out of the request, each name once, and of very many the first."""
        self.dropped = list(dict.fromkeys((*self.dropped, *(name[:_LONGEST] for name in names))))[:_MOST]

    def note_ids(self, headers: Iterable[tuple[str, str]]) -> None:
        """Note what GitHub and Copilot call it, by the headers of their answer; our own id, said after us, is none."""
        named = dict(headers)
        found = [named.get(header) for header in _ID_HEADERS]
        self.upstream_ids = tuple([one for one in found if one is not None and one != self.id])

    def answer(self) -> None:
        """Record that Copilot has begun to answer."""
        self.answered = perf_counter()

    def begin(self) -> None:
        """Record that something of the answer is there, the first time."""
        if self.begun is None:
            self.begun = perf_counter()

    def took(self) -> Took:
        """How long it has taken so far, step by step; a step that is still to come has taken a nanosecond."""
        now = perf_counter()
        answered = self.answered or now
        begun = self.begun or now
        return Took(_nanoseconds(self.started, answered), _nanoseconds(answered, begun), _nanoseconds(begun, now))

    def waiting(self) -> "Waiting":
        """A block in which others have the next word."""
        return Waiting(self)

    @property
    def tag(self) -> str:
        """The run of `passenger launch` that it belongs to, empty for none."""
        return self.principal.tag if self.principal else ""

    @property
    def is_page(self) -> bool:
        """Whether nothing was asked of a model, and nothing went wrong: a list, a health check, a page."""
        return not self.is_question and self.failure is None

    @property
    def route_text(self) -> str | None:
        """The route as `x-passenger-route` tells it; None where there is none yet."""
        if self.route is None:
            return None
        return self.route.text if self.calls == 1 else f"{self.route.text}; calls={self.calls}"

    @property
    def overhead_ms(self) -> float | None:
        """Milliseconds of ours since the whole request was there, None where that has never been."""
        return None if self.received is None else (perf_counter() - self.received - self.waited) * 1000

    @property
    def seconds(self) -> float:
        """How long it took, so far or in all."""
        return (self.ended or perf_counter()) - self.started


def _nanoseconds(since: float, until: float) -> int:
    """At least one: clients divide by it."""
    return max(1, round((until - since) * 1e9))


class Waiting:
    """Adds the time that a block takes to what an exchange has waited."""

    __slots__ = ("_began", "_exchange")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exchange.waited += perf_counter() - self._began


Observer = Callable[[Exchange], None]
"""Is told of every exchange once, when it is over."""
