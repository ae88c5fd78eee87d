"""The record of a finished request: metadata alone, never a prompt, an answer or a key."""

from collections.abc import Sequence

from msgspec import Struct, field

from passenger.errors import Failure
from passenger.exchange import Exchange

TAG_LENGTH = 12
LAUNCH_KEY = "passenger-launch-"
"""What the API key of a launched client begins with, where any key will do; its tag follows, as hex."""

_LONGEST = 300
"""Characters of an error message that are kept."""


class RequestRecord(Struct, frozen=True, omit_defaults=False):
    """One finished request; times are in seconds, counts in tokens."""

    id: str
    ended: float
    """Unix time."""
    method: str
    path: str
    client: str
    """The program, from its User-Agent."""
    user_agent: str
    status: int
    outcome: str
    """`ok`, `failed`, `broken`, `client_gone` or `unfinished`."""
    seconds: float
    tag: str = ""
    """The run of `passenger launch` that it belongs to."""
    asked: str | None = None
    """The model as the client spelled it."""
    model: str | None = None
    route: str | None = None
    dialect: str | None = None
    """The upstream dialect: `completions`, `messages` or `responses`."""
    mode: str | None = None
    """`relayed` or `translated`."""
    stream: bool = False
    initiator: str | None = None
    attempts: int = 0
    retries: Sequence[str] = ()
    lessons: Sequence[str] = ()
    dropped: Sequence[str] = ()
    upstream: str | None = None
    """The host that was asked last."""
    first_byte: float | None = None
    overhead_ms: float | None = None
    input: int | None = None
    cached: int | None = None
    written: int | None = None
    output: int | None = None
    reasoning: int | None = None
    credits: float | None = None
    """What it cost; None where that is unknown, or counted in premium requests."""
    premium_requests: float | None = None
    cost_source: str | None = None
    """`upstream`, `priced`, `legacy`, `estimated` or `unknown`; None where no model was asked for an answer."""
    error_code: str | None = None
    error_message: str | None = None
    session: str | None = None
    """What the client calls the session that it belongs to."""
    upstream_ids: Sequence[str] = ()
    """What GitHub and Copilot call the request: ids that they can be asked about."""


class Totals(Struct):
    """What a server has done since it started."""

    requests: int = 0
    failed: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    nano_credits: int = 0
    """What it cost: 1e9 are one credit."""
    premium_thousandths: int = 0
    """What it cost on a plan that counts premium requests, in thousandths of one."""
    unpriced: int = 0
    """Requests whose cost is unknown."""

    def add(self, exchange: Exchange) -> None:
        """Count a finished exchange."""
        self.requests += 1
        self.failed += exchange.failure is not None
        if (usage := exchange.usage) is not None and not exchange.is_free:
            self.input += usage.input
            self.cached += usage.cached
            self.output += usage.output
        if (cost := exchange.cost) is not None:
            self.nano_credits += cost.nano_credits or 0
            self.premium_thousandths += cost.premium_thousandths or 0
        elif exchange.is_billed:
            self.unpriced += 1


class RequestList(Struct, frozen=True):
    """The answer of `GET /v1/passenger/requests`: the oldest first."""

    requests: Sequence[RequestRecord] = field(default_factory=tuple)


def record_of(exchange: Exchange, ended: float, client: str) -> RequestRecord:
    """The record of an exchange that ended at a Unix time, by a program."""
    ask, usage, route, cost = exchange.ask, exchange.usage, exchange.route, exchange.cost
    return RequestRecord(
        id=exchange.id,
        ended=ended,
        method=exchange.method,
        path=exchange.path[:_LONGEST],
        client=client,
        user_agent=exchange.user_agent[:_LONGEST].decode("latin-1"),
        status=exchange.status,
        outcome=exchange.outcome.value,
        seconds=round(exchange.seconds, 6),
        tag=exchange.tag,
        asked=ask.model[:_LONGEST] if ask else None,
        model=(exchange.model or "")[:_LONGEST] or None,
        route=(exchange.route_text or "")[:_LONGEST] or None,
        dialect=route.outbound.name if route else None,
        mode=route.mode if route else None,
        stream=bool(ask and ask.stream),
        initiator=ask.initiator.value if ask else None,
        attempts=exchange.attempts,
        retries=[text[:_LONGEST] for text in exchange.retries[:8]],
        lessons=[text[:_LONGEST] for text in exchange.lessons[:8]],
        dropped=[text[:_LONGEST] for text in exchange.dropped[:20]],
        upstream=exchange.upstream,
        first_byte=_since(exchange.started, exchange.first_byte),
        overhead_ms=_overhead(exchange),
        input=usage.input if usage else None,
        cached=usage.cached if usage else None,
        written=usage.written if usage else None,
        output=usage.output if usage else None,
        reasoning=usage.reasoning if usage else None,
        credits=cost.credits if cost else None,
        premium_requests=cost.premium_requests if cost else None,
        cost_source=_cost_source(exchange),
        error_code=_code(exchange.failure),
        error_message=exchange.failure.message[:_LONGEST] if exchange.failure else None,
        session=exchange.session[:_LONGEST] or None,
        upstream_ids=[text[:_LONGEST] for text in exchange.upstream_ids],
    )


def _cost_source(exchange: Exchange) -> str | None:
    if exchange.cost is not None:
        return exchange.cost.source
    return "unknown" if exchange.is_billed else None


def _since(started: float, moment: float | None) -> float | None:
    return None if moment is None else round(moment - started, 6)


def _overhead(exchange: Exchange) -> float | None:
    """Milliseconds of ours since the whole request was there."""
    if exchange.received is None or exchange.ended is None:
        return None
    return round((exchange.ended - exchange.received - exchange.waited) * 1000, 3)


def _code(failure: Failure | None) -> str | None:
    return None if failure is None else failure.code or failure.kind.value
