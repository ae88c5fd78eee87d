"""One log line for each request: never a prompt, a secret or a query string."""

import logging

from passenger.account.principal import ANYONE
from passenger.exchange import Exchange, Outcome
from passenger.linehandler import Event, say
from passenger.observe.request_line import product, request_line

log = logging.getLogger("passenger.request")

_USUAL = (Outcome.OK, Outcome.CLIENT_GONE)


def log_exchange(exchange: Exchange) -> None:
    """The observer that writes it."""
    say(log, _level(exchange), _Line(exchange))


def _level(exchange: Exchange) -> int:
    """Who was not let in has a line of the guard's; nobody waits for one of a list or a health check."""
    if exchange.principal is None or exchange.is_page:
        return logging.DEBUG
    return logging.INFO if exchange.outcome in _USUAL else logging.WARNING


class _Line(Event):
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
    who = exchange.principal.name if exchange.principal else "nobody"
    return {"client": product(exchange.user_agent)} | ({} if who == ANYONE.name else {"who": who})


def _upstream(exchange: Exchange) -> dict[str, object]:
    """Who was asked, and what it calls the request."""
    fields: dict[str, object] = {"upstream": exchange.upstream}
    if ids := exchange.upstream_ids:
        fields["upstream_id"] = ids[0]
    if exchange.token_left is not None:
        fields["token_left"] = round(exchange.token_left)
    return fields


def _fields(exchange: Exchange) -> dict[str, object]:
    ask, usage, failure = exchange.ask, exchange.usage, exchange.failure
    fields: dict[str, object] = {"ms": round(exchange.seconds * 1000), "id": exchange.id, **_caller(exchange)}
    if ask is not None:
        fields |= {"model": exchange.model or ask.model, "stream": ask.stream, "initiator": ask.initiator.value}
    if exchange.first_byte is not None:
        fields["first_ms"] = round((exchange.first_byte - exchange.started) * 1000)
    if usage is not None:
        fields |= {"input": usage.input, "output": usage.output, "cached": usage.cached}
        if usage.nano_credits:
            fields["credits"] = round(usage.nano_credits / 1e9, 6)
    if exchange.route is not None:
        fields["route"] = exchange.route_text
    if exchange.upstream is not None:
        fields |= _upstream(exchange)
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
