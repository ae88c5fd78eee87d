"""One answer of a model as a row of the ledger. No prompt, no path, no key and nothing of a body is in it."""

from msgspec import Struct

from passenger.chat.cost import Cost, CostSource, tokens_of
from passenger.chat.events import Usage
from passenger.exchange import CacheUse, Exchange
from passenger.observe.access_log import product

DAY_MS = 86_400_000
"""Milliseconds of a day."""

_MOST_TOKENS = 10**12
_MOST_COST = 10**15
"""More than any answer has or costs: a number above it is nonsense of upstream's, and would spoil every sum."""

_MOST_MS = (1 << 47) - 1
_LONGEST = 200
"""Characters of a text that are kept."""

Buckets = tuple[int | None, int | None, int | None, int | None, int | None]

_NO_BUCKETS: Buckets = (None, None, None, None, None)
_NOTHING_USED: Buckets = (0, 0, 0, 0, 0)
_NO_COST = (None, None, None)


class Row(Struct, frozen=True):
    """A row as the columns of the table `ledger`. An amount that is not known is None."""

    id: bytearray
    """A UUID of version 7, made of the time and of the request id: the same exchange always has the same."""
    at: int
    """When it began, in Unix milliseconds."""
    seat: str
    session: str
    """What the client calls its session, `launch/TAG` for a run of `passenger launch`, else empty."""
    client: str
    """The program, from its User-Agent."""
    dialect: str
    """The API that the client speaks."""
    model: str
    upstream_dialect: str
    mode: str
    """`relayed` or `translated`, empty where there was nothing to choose."""
    status: int
    outcome: str
    code: str
    """What failed, empty if nothing did."""
    fresh: int | None
    """Tokens of the prompt that were neither read from a cache nor written to one. The buckets are disjoint."""
    cache_read: int | None
    cache_write: int | None
    output: int | None
    """All of the answer's tokens, those of `reasoning` among them."""
    reasoning: int | None
    nano: int | None
    """Thousand-millionths of an AI credit."""
    premium_thousandths: int | None
    cost_source: CostSource | None
    ttfb_ms: int | None
    """Milliseconds until the first byte went down."""
    ms: int
    overhead_us: int | None
    """Microseconds of our own."""
    user: str
    """The id of the person of a team, empty without one."""
    key: str
    """The id of that person's key."""
    cache: CacheUse = ""
    """What the cache did; of what it gave, no tokens are counted, and `nano` is 0."""
    saved_nano: int | None = None
    """What the part of the answer would have cost that the cache gave."""

    @property
    def day(self) -> int:
        """The day in UTC, counted from 1970-01-01."""
        return self.at // DAY_MS


def row_of(exchange: Exchange) -> Row:
    """The row of a finished exchange."""
    at = _milliseconds(exchange.time)
    route, failure, started = exchange.route, exchange.failure, exchange.started
    principal = exchange.principal
    return Row(
        _row_id(at, exchange.id),
        at,
        exchange.seat,
        _session(exchange),
        product(exchange.user_agent),
        exchange.dialect,
        _plain(exchange.model or (exchange.ask.model if exchange.ask else "")),
        route.outbound.name if route else "",
        route.mode if route else "",
        exchange.status,
        exchange.outcome._value_,  # `value` takes five times as long
        _plain(failure.code or failure.kind.value) if failure else "",
        *(_NOTHING_USED if exchange.is_free else _buckets(exchange.usage)),
        *_amounts(exchange.cost),
        _span(started, exchange.first_byte, 1_000),
        _span(started, exchange.ended, 1_000) or 0,
        _overhead_us(exchange),
        principal.user if principal else "",
        principal.key if principal else "",
        exchange.cache,
        _amounts(exchange.saved)[0],
    )


def first_id(at: int) -> bytes:
    """The least id of any row that began at that millisecond or later."""
    return min(max(at, 0), _MOST_MS).to_bytes(6, "big") + bytes(10)


def _milliseconds(time: float) -> int:
    at = int(time * 1000)
    return at if 0 <= at <= _MOST_MS else min(max(at, 0), _MOST_MS)


def _row_id(at: int, request_id: str) -> bytearray:
    """The time, and the random bits of the request's own UUID (RFC 9562, 5.7): its last two groups stay as they are.

    It is a bytearray since Python's sqlite3 takes one in a fifth of the time of bytes.
    """
    found = bytearray.fromhex(request_id.replace("-", ""))
    found[:6] = at.to_bytes(6, "big")
    found[6] = 0x70 | found[6] & 0x0F
    return found


def _buckets(usage: Usage | None) -> Buckets:
    """Fresh, read from a cache, written to one, output, and of that reasoning."""
    if usage is None:
        return _NO_BUCKETS
    read, written, output, reasoning = usage.cached, usage.written, usage.output, usage.reasoning
    fresh = usage.input - read - written
    if min(fresh, read, written, output, reasoning) >= 0 and usage.input + output <= _MOST_TOKENS:
        return fresh, read, written, output, reasoning
    told = tokens_of(usage)
    prompt = _most(told.fresh), _most(told.cache_read), _most(told.cache_write)
    return (*prompt, _most(told.output), _most(told.reasoning))


def _most(count: int) -> int:
    return min(count, _MOST_TOKENS)


def _amounts(cost: Cost | None) -> tuple[int | None, int | None, CostSource | None]:
    """Credits, premium requests and the source. A cost that cannot be is unknown."""
    if cost is None:
        return _NO_COST
    nano, premium = cost.nano_credits, cost.premium_thousandths
    if 0 <= (nano or 0) <= _MOST_COST and 0 <= (premium or 0) <= _MOST_COST:
        return nano, premium, cost.source
    return _NO_COST


def _session(exchange: Exchange) -> str:
    if exchange.session:
        return _plain(exchange.session)
    return f"launch/{exchange.tag}" if exchange.tag else ""


def _plain(text: str) -> str:
    """A text that SQLite takes, whatever a client has made of it."""
    return text[:_LONGEST] if text.isascii() else text[:_LONGEST].encode("utf-8", "replace").decode()


def _span(since: float, until: float | None, unit: int) -> int | None:
    if until is None:
        return None
    return int((until - since) * unit + 0.5) if until > since else 0


def _overhead_us(exchange: Exchange) -> int | None:
    received = exchange.received
    return None if received is None else _span(received + exchange.waited, exchange.ended, 1_000_000)
