"""One log line for each request: never a prompt, a secret or a query string."""

import logging
import re
from functools import lru_cache

from passenger.account.principal import ANYONE
from passenger.chat.cost import NANO, Cost
from passenger.exchange import Exchange, Outcome
from passenger.observe.amounts import dollars
from passenger.observe.line_handler import LogEvent, say

log = logging.getLogger("passenger.request")

_USUAL = (Outcome.OK, Outcome.CLIENT_GONE)


def log_exchange(exchange: Exchange) -> None:
    """The observer that writes it."""
    say(log, _level(exchange), _Line(exchange))


def _level(exchange: Exchange) -> int:
    """DEBUG for lists, health checks, and requests that were refused, which the guard has logged."""
    if exchange.principal is None or exchange.is_page:
        return logging.DEBUG
    return logging.INFO if exchange.outcome in _USUAL else logging.WARNING


class _Line(LogEvent):
    """An exchange as a line of the log."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __str__(self) -> str:
        exchange = self._exchange
        return f"{exchange.method} {exchange.path} {exchange.status or '-'}"

    def brief(self) -> str:
        """The exchange as people read it."""
        return request_line(self._exchange)

    def fields(self) -> dict[str, object]:
        """What is known of it."""
        return _fields(self._exchange)


def _caller(exchange: Exchange) -> dict[str, str]:
    """The program that asks, and whose it is where that is not everybody's."""
    principal = exchange.principal
    fields = {"client": product(exchange.user_agent)}
    if principal is None:
        return fields | {"who": "nobody"}
    if principal.key:
        return fields | {"who": principal.name, "key": principal.shown}
    return fields if principal.name == ANYONE.name else fields | {"who": principal.name}


def _upstream(exchange: Exchange) -> dict[str, object]:
    """Who was asked, and what it calls the request."""
    fields: dict[str, object] = {"upstream": exchange.upstream}
    if ids := exchange.upstream_ids:
        fields["upstream_id"] = ids[0]
    if exchange.token_left is not None:
        fields["token_left"] = round(exchange.token_left)
    return fields


def _cost(cost: Cost) -> dict[str, object]:
    """What it cost and how that is known, unless Copilot says that it was nothing."""
    if cost.premium_requests is not None:
        return {"premium_requests": cost.premium_requests, "cost_source": cost.source}
    if not cost.nano_credits:
        return {}
    return {"credits": round(cost.nano_credits / NANO, 6), "cost_source": cost.source}


def _fields(exchange: Exchange) -> dict[str, object]:  # noqa: PLR0912 - a line for each field that may be there
    ask, usage, failure = exchange.ask, exchange.usage, exchange.failure
    fields: dict[str, object] = {"ms": round(exchange.seconds * 1000), "id": exchange.id, **_caller(exchange)}
    if exchange.cache:
        fields["cache"] = exchange.cache
    if ask is not None:
        fields |= {"model": exchange.model or ask.model, "stream": ask.stream, "initiator": ask.initiator.value}
    if exchange.first_byte is not None:
        fields["first_ms"] = round((exchange.first_byte - exchange.started) * 1000)
    if usage is not None:
        fields |= {"input": usage.input, "output": usage.output, "cached": usage.cached}
    if exchange.cost is not None:
        fields |= _cost(exchange.cost)
    if exchange.route is not None:
        fields["route"] = exchange.route_text
    if exchange.upstream is not None:
        fields |= _upstream(exchange)
    if exchange.search:
        fields |= {"search": exchange.search, "searches": exchange.searches}
    if exchange.dropped:
        fields["dropped"] = ",".join(exchange.dropped)
    if exchange.retries:
        fields["retries"] = ",".join(exchange.retries)
    if exchange.lessons:
        fields["learned"] = ",".join(exchange.lessons)
    if exchange.outcome is not Outcome.OK:
        fields["outcome"] = exchange.outcome.value
    if failure is not None:
        fields |= {"error": failure.message, "code": failure.code or failure.kind.value}
    return fields


WIDTH = 100 - len("20:40:29 INFO ")
"""Characters that the line may have: what stands before it is the log's."""

CLIENT, WAY = 13, 27
"""Columns at which the model and the numbers begin, unless what stands before is longer."""

_LONGEST_CLIENT = 18
_GAP = re.compile(r" {2,}")
_VERSION = re.compile(r"v?\d")
_ENDS = {Outcome.CLIENT_GONE: "client left", Outcome.UNFINISHED: "cut by our stop"}


def request_line(exchange: Exchange) -> str:
    """Client, model and dialect, tokens, time to the first byte, credits; or the whole error.

    In a team it begins with the person and the shown form of their key.
    """
    principal = exchange.principal
    whose = f"{principal.name} {principal.shown}  " if principal is not None and principal.key else ""
    return whose + _line(exchange)


def _line(exchange: Exchange) -> str:
    client = product(exchange.user_agent).ljust(CLIENT)
    way = _way(exchange).ljust(WAY)
    if exchange.failure is not None:
        return f"{client} {way}  {_failure(exchange)}"
    line = f"{client} {way} {_numbers(exchange)}".rstrip()
    return line if len(line) <= WIDTH else _squeeze(client.rstrip(), way.rstrip(), _numbers(exchange))


def _squeeze(client: str, way: str, numbers: str) -> str:
    """The line without its columns, and with as much of the model as there is room for."""
    numbers = _GAP.sub("  ", numbers.strip())
    return f"{client}  {_cut(way, WIDTH - len(client) - len(numbers) - 4)}  {numbers}"


def product(user_agent: bytes) -> str:
    """The program in a User-Agent, without its version (RFC 9110, 10.1.5): `claude-cli`, `OpenAI/Python`."""
    return _product_of(user_agent[:200])


@lru_cache(256)
def _product_of(user_agent: bytes) -> str:
    first = next(iter(user_agent.decode("latin-1").split()), "")
    names = first.split("/")
    version = next((place for place, name in enumerate(names) if _VERSION.match(name)), len(names))
    return _cut("/".join(names[:version]), _LONGEST_CLIENT) or "-"


def _way(exchange: Exchange) -> str:
    model = exchange.model or (exchange.ask.model if exchange.ask else None)
    if model is None:
        return f"{exchange.method} {_cut(exchange.path, 60)}"
    model = _cut(model, 60)
    if exchange.route is None:
        return f"{model} {exchange.path.rpartition('/')[2].rpartition(':')[2]}"
    return f"{model} via {exchange.route.outbound.name}"


def _numbers(exchange: Exchange) -> str:
    usage = exchange.usage
    tokens = f"{_short(usage.input).rjust(5)} in {_short(usage.output).rjust(4)} out" if usage else " " * 17
    charged = _charged(exchange.cost) if exchange.cost is not None else ""
    began = exchange.first_byte
    first = _seconds(began - exchange.started) if began is not None else ""
    end = "" if exchange.outcome is Outcome.OK else _ENDS.get(exchange.outcome)  # an Enum is slow to be looked up
    numbers = f"{tokens}  {first:>6}"
    return "  ".join(filter(None, [numbers, charged, end])) if charged or end else numbers


def _charged(cost: Cost) -> str:
    """`12.76 cr ($0.13)`, `0.04 cr` below a cent, with a `~` before what is estimated; empty for nothing."""
    mark = "~" if cost.source == "estimated" else ""
    if (premium := cost.premium_requests) is not None:
        return f"{mark}{premium:g} req" if premium else ""
    spent = cost.credits
    if not spent:
        return ""
    return f"{mark}{_amount(spent)} cr" + (f" (${dollars(spent)})" if spent >= 1 else "")


def _failure(exchange: Exchange) -> str:
    failure = exchange.failure
    assert failure is not None  # noqa: S101 - who calls has looked
    broken = "broken: " if exchange.outcome is Outcome.BROKEN else f"{exchange.status or failure.status} "
    return f"{broken}{failure.code or failure.kind.value}: {failure.message}"


def _short(number: int) -> str:
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 1e6:.1f}M"


def _seconds(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"


def _amount(number: float) -> str:
    return f"{number:.2f}" if number >= 0.01 else f"{number:.4f}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"
