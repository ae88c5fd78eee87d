"""One request as a line that a person can read in a terminal of 100 columns."""

import re
from functools import lru_cache

from passenger.exchange import Exchange, Outcome

WIDTH = 100 - len("20:40:29 INFO ")
"""Characters that the line may have: what stands before it is the log's."""

CLIENT, WAY = 13, 28
"""Characters after which the model and the numbers begin, where what stands before is no longer."""

_LONGEST_CLIENT = 18
_GAP = re.compile(r" {2,}")
_VERSION = re.compile(r"v?\d")
_ENDS = {Outcome.CLIENT_GONE: "client left", Outcome.UNFINISHED: "cut by our stop"}


def request_line(exchange: Exchange) -> str:
    """Client, model and way, tokens, time to the first byte, credits; or what went wrong, told whole."""
    client = product(exchange.user_agent).ljust(CLIENT)
    way = _way(exchange).ljust(WAY)
    if exchange.failure is not None:
        return f"{client} {way}  {_failure(exchange)}"
    line = f"{client} {way} {_numbers(exchange)}".rstrip()
    return line if len(line) <= WIDTH else _squeezed(client.rstrip(), way.rstrip(), _numbers(exchange))


def _squeezed(client: str, way: str, numbers: str) -> str:
    """The line without its columns, and with as much of the model as there is room for."""
    numbers = _GAP.sub("  ", numbers.strip())
    return f"{client}  {_cut(way, WIDTH - len(client) - len(numbers) - 4)}  {numbers}"


def product(user_agent: bytes) -> str:
    """The program in a User-Agent, without its version (RFC 9110, 10.1.5): `claude-cli`, `OpenAI/Python`."""
    return _product(user_agent[:200])


@lru_cache(256)
def _product(user_agent: bytes) -> str:
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
    return f"{model} via {exchange.route.outbound.NAME}"


def _numbers(exchange: Exchange) -> str:
    usage = exchange.usage
    tokens = f"{_short(usage.input).rjust(5)} in {_short(usage.output).rjust(4)} out" if usage else " " * 17
    charged = f"{_amount(usage.nano_credits / 1e9)} cr" if usage and usage.nano_credits else ""
    began = exchange.first_byte
    first = _seconds(began - exchange.started) if began is not None else ""
    end = "" if exchange.outcome is Outcome.OK else _ENDS.get(exchange.outcome)  # an Enum is slow to be looked up
    numbers = f"{tokens}  {first:>6}"
    return "  ".join(filter(None, [numbers, charged, end])) if charged or end else numbers


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
