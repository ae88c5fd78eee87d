"""The record of one request: what was asked, by which route, in how many attempts, with what outcome."""

import random
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from time import perf_counter, time
from types import TracebackType
from typing import Literal, Protocol

from msgspec import Raw, Struct, field

from passenger.account.principal import Principal
from passenger.chat.cache_control import CacheControl
from passenger.chat.cost import Cost, Tariff, Tokens
from passenger.chat.events import Timing, Usage
from passenger.chat.prompt import Ask
from passenger.errors import Failure
from passenger.quota.detectors import WatchedTurn
from passenger.quota.gcra import Standings


class Outcome(StrEnum):
    """How an exchange ended."""

    OK = "ok"
    FAILED = "failed"
    BROKEN = "broken"
    """The answer had begun and could not be finished."""
    CLIENT_GONE = "client_gone"
    UNFINISHED = "unfinished"
    """It ended before its last byte was sent, for no recorded reason: the server was stopped."""


CacheUse = Literal["", "hit", "joined", "stored", "miss"]
"""What the cache did for a request: nothing, all of it, let it wait for an equal one, kept its answer, or could not."""


_VERSION, _VERSIONS = 0x4000_8000_0000_0000_0000, 0xF000_C000_0000_0000_0000
"""The bits that make a number of 128 bits a UUID of version 4 (RFC 9562, 5.4), and all that stand there."""


def new_id() -> str:
    """A random UUID that is not secret, in a third of the time of `uuid.uuid4`. Forked workers differ."""
    digits = f"{random.getrandbits(128) & ~_VERSIONS | _VERSION:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Speaks(Protocol):
    """An API for chat, as far as a record tells it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


class RecordedRoute(Protocol):
    """The way of a request, as far as a record tells it."""

    @property
    def outbound(self) -> Speaks:
        """The API that the model was asked in."""
        ...

    @property
    def mode(self) -> Literal["relayed", "translated"]:
        """What became of the client's bytes."""
        ...

    @property
    def relayed(self) -> bool:
        """Whether the client's own bytes went up."""
        ...

    @property
    def text(self) -> str:
        """As `x-passenger-route` tells it."""
        ...


class HeldGrant(Protocol):
    """What an admitted request holds of the limits it counts against."""

    @property
    def warning(self) -> str:
        """What the client is told of a budget that only warns."""
        ...

    @property
    def is_degraded(self) -> bool:
        """Whether one worker alone counts it, where all should."""
        ...

    @property
    def cuts_stream(self) -> bool:
        """Whether there is anything that may end its stream."""
        ...

    def cover(self, nano: int) -> Failure | None:
        """Hold as much as it has cost by now; the failure to end it with where a budget has no room for that."""
        ...

    def settle(self, nano: int | None, tokens: Tokens | None) -> None:
        """Say what it has cost, once; None where that is not known."""
        ...


_ID_HEADERS = ("x-github-request-id", "x-copilot-service-request-id", "x-request-id")

_MOST, _LONGEST = 200, 200
"""Names that are noted of what was left out, and characters of each."""


class Exchange(Struct):
    """One request and what became of it; times are `perf_counter` seconds unless they say otherwise."""

    method: str
    path: str
    user_agent: bytes = b""
    """The client's `User-Agent`."""
    principal: Principal | None = None
    """Who asks; None if the request was refused before that was known."""
    id: str = field(default_factory=new_id)
    started: float = field(default_factory=perf_counter)
    time: float = field(default_factory=time)
    """When it began, in Unix seconds."""
    seat: str = ""
    """The name of the seat that pays, empty until it is chosen."""
    session: str = ""
    """The client's name of its session, empty if it gives none."""
    dialect: str = ""
    """The name of the API that the client speaks, empty until its request has come to a route for models."""
    is_question: bool = False
    """Whether it came to a route that reads a request for a model."""
    ask: Ask | None = None
    model: str | None = None
    """The model that went up, where it was resolved to another name than the one asked for."""
    route: RecordedRoute | None = None
    calls: int = 1
    """Requests to Copilot side by side that it became."""
    search: str = ""
    """Who searches the web for it, empty if nobody does or the model itself."""
    searches: int = 0
    """Searches that were made for it beside the model that was asked."""
    search_nano: int | None = None
    """What they cost, in nano credits; None where nothing is told of that."""
    echo: Mapping[str, Raw] = field(default_factory=dict)
    """Fields of the answer's object that repeat what the request says of stored state."""
    dropped: list[str] = field(default_factory=list)
    """What of the request did not go up, in the client's own words."""
    status: int = 0
    attempts: int = 0
    retries: list[str] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)
    """What was learned about the model from refusals."""
    upstream: str | None = None
    """The host that was asked last."""
    upstream_ids: tuple[str, ...] = ()
    """The ids that GitHub and Copilot gave it, GitHub's first."""
    token_left: float | None = None
    """Seconds until the Copilot token expired when it was sent."""
    received: float | None = None
    """When the whole request had come."""
    waited: float = 0.0
    """Seconds since `received` spent waiting for GitHub, Copilot or the network; the rest is our overhead."""
    answered: float | None = None
    """When Copilot's headers were there, of an answer that is translated."""
    begun: float | None = None
    """When its first word was there, of an answer that is translated."""
    first_byte: float | None = None
    ended: float | None = None
    grant: HeldGrant | None = None
    """What it holds of limits; None where there are none."""
    standings: Standings | None = None
    """Where the limits a minute stand of who asks; None where there are none."""
    tariff: Tariff | None = None
    """What the model costs; None if none is asked for an answer."""
    sent_bytes: int = 0
    """Bytes of the body that Copilot has got and not refused."""
    events: int = 0
    """Events of a streamed answer that have come."""
    is_cut: bool = False
    """Whether a streamed answer ended before its last event had come."""
    usage: Usage | None = None
    cost: Cost | None = None
    """None where it is unknown, or where no model was asked for an answer."""
    cache_control: CacheControl | None = None
    """What the client wants of the cache; None for a request that is served without it."""
    cache: CacheUse = ""
    answer_identity: tuple[str, int] | None = None
    """The id and the date of an answer that was kept, or that several requests share."""
    spared: int = 0
    """Input tokens of its answer that Copilot did not have to read, as the vectors of those were kept."""
    saved: Cost | None = None
    """What a kept or shared answer would have cost."""
    turn: WatchedTurn | None = None
    """What the breaker for runaway sessions has read of it."""
    warning: str = ""
    """What its client is warned of."""
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

    def note_search(self, cost: Cost | None) -> None:
        """Note what a search cost that was made for it. It is billed to a record of its own."""
        if cost is not None and cost.nano_credits is not None:
            self.search_nano = (self.search_nano or 0) + cost.nano_credits

    def note_ids(self, headers: Iterable[tuple[str, str]]) -> None:
        """Note what GitHub and Copilot call it, by the headers of their answer; our own id, said after us, is none."""
        named = dict(headers)
        self.upstream_ids = tuple([named[name] for name in _ID_HEADERS if name in named and named[name] != self.id])

    def answer(self) -> None:
        """Record that Copilot has begun to answer."""
        self.answered = perf_counter()

    def begin(self) -> None:
        """Record that something of the answer is there, the first time."""
        if self.begun is None:
            self.begun = perf_counter()

    def timing(self) -> Timing:
        """How long it has taken so far, step by step; a step that is still to come has taken a nanosecond."""
        now = perf_counter()
        answered = self.answered or now
        begun = self.begun or now
        return Timing(_nanoseconds(self.started, answered), _nanoseconds(answered, begun), _nanoseconds(begun, now))

    def waiting(self) -> "Waiting":
        """A block whose time counts as `waited`."""
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
    def is_billed(self) -> bool:
        """Whether a model was asked, or the cache in its place: that has a cost, even where it is unknown."""
        return self.tariff is not None and (self.attempts > 0 or self.is_free)

    @property
    def is_free(self) -> bool:
        """Whether the cache answered, or another request pays for the answer."""
        return self.cache in {"hit", "joined"}

    @property
    def route_text(self) -> str | None:
        """The route as `x-passenger-route` tells it; None where there is none yet."""
        if self.route is None:
            return None
        text = self.route.text
        if self.ask is not None and self.ask.compacts and not self.route.relayed:
            text += "; compaction=emulated"
        return text if self.calls == 1 else f"{text}; calls={self.calls}"

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
