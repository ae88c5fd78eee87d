"""Adds what an answer cost to the event of a stream that tells its usage, where the client asks for it.

A client asks with the header `x-passenger-bill: 1`, and gets beside the counts of its API:

"usage": {..., "passenger": {"credits": 12.76, "usd": 0.1276, "source": "upstream"}}
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from passenger.chat.cost import Cost
from passenger.chat.events import Event, Finish, Usage
from passenger.dialects import ChoicesWriter, Inbound, Relay, Request, Writer
from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse, write_sse
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.gateway.billing import price_answer
from passenger.jsontext.paths import Path

HEADER = "x-passenger-bill"

Price = Callable[[Usage], Cost | None]


def wants_bill(request: Request) -> bool:
    """Whether the client asks for the bill in the stream."""
    return request.headers.get(HEADER) == "1"


def relay_with_bill(relay: Relay, inbound: Inbound, exchange: Exchange) -> Relay:
    """A relay that adds the bill."""
    return _BillingRelay(relay, inbound.usage_path, lambda usage: price_answer(exchange, usage))


def write_with_bill(writer: Writer, inbound: Inbound, exchange: Exchange) -> Writer:
    """A writer that adds the bill."""
    return _BillingWriter(writer, inbound.usage_path, lambda usage: price_answer(exchange, usage))


def write_choices_with_bill(writer: ChoicesWriter, inbound: Inbound, exchange: Exchange) -> ChoicesWriter:
    """A writer of several answers that adds the bill of all of them."""
    return _BillingChoicesWriter(writer, inbound.usage_path, lambda usage: price_answer(exchange, usage))


class _BillingRelay(Relay):
    """See `relay_with_bill`."""

    def __init__(self, relay: Relay, path: Path, price: Price) -> None:
        self.failure: Failure | None = None
        self.done = False
        self._relay = relay
        self._path = path
        self._price = price

    @property
    def usage(self) -> Usage | None:
        """See `Relay.usage`."""
        return self._relay.usage

    def event(self, raw: bytes) -> bytes:
        """See `Relay.event`."""
        return self._with_bill(self._relay.event(raw))

    def end(self, tail: bytes) -> bytes:
        """See `Relay.end`."""
        return self._with_bill(self._relay.end(tail))

    def _with_bill(self, down: bytes) -> bytes:
        self.done, self.failure, usage = self._relay.done, self._relay.failure, self._relay.usage
        if usage is None or not down:
            return down
        bill, splitter = _bill(self._price(usage)), SseSplitter()
        events = splitter.feed(down)
        return b"".join(_billed_event(raw, self._path, bill) for raw in events) + splitter.flush()


class _BillingWriter:
    """See `write_with_bill`."""

    def __init__(self, writer: Writer, path: Path, price: Price) -> None:
        self._writer = writer
        self._path = path
        self._price = price

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """See `Writer.send`."""
        messages = self._writer.send(event)
        if type(event) is not Finish:
            return messages
        bill = _bill(self._price(event.usage) if event.usage is not None else None)
        return _billed_messages(messages, self._path, bill)

    def fail(self, failure: Failure) -> Iterable[StreamMessage]:
        """See `Writer.fail`."""
        return self._writer.fail(failure)


class _BillingChoicesWriter:
    """See `write_choices_with_bill`."""

    def __init__(self, writer: ChoicesWriter, path: Path, price: Price) -> None:
        self.send = writer.send
        self.fail = writer.fail
        self._writer = writer
        self._path = path
        self._price = price

    def end(self, usage: Usage) -> Iterable[StreamMessage]:
        """See `ChoicesWriter.end`."""
        return _billed_messages(self._writer.end(usage), self._path, _bill(self._price(usage)))


def _billed_messages(
    messages: Iterable[StreamMessage], path: Path, bill: Mapping[str, object]
) -> Iterable[StreamMessage]:
    return [StreamMessage(one.event, add_bill(one.data, path, bill)) for one in messages]


def _bill(cost: Cost | None) -> Mapping[str, object]:
    """A cost as a client reads it; a cost that is unknown is null, never 0."""
    if cost is None:
        return {"credits": None, "usd": None, "source": None}
    if cost.premium_requests is not None:
        return {"premium_requests": cost.premium_requests, "source": cost.source}
    return {"credits": cost.credits, "usd": cost.usd, "source": cost.source}


def _billed_event(raw: bytes, path: Path, bill: Mapping[str, object]) -> bytes:
    message = read_sse(raw)
    if message is None:
        return raw
    data = add_bill(message.data, path, bill)
    return raw if data is message.data else write_sse(data, message.event)


def add_bill(data: bytes, path: Path, bill: Mapping[str, object]) -> bytes:
    """The JSON of an event with the bill in the object at this path; the very same bytes if it has none there."""
    try:
        fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        inner = _add(fields, path, msgspec.json.encode(bill))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return data
    return data if inner is None else msgspec.json.encode(inner)


def _add(fields: dict[str, msgspec.Raw], path: Path, bill: bytes) -> dict[str, msgspec.Raw] | None:
    if not path:
        return {**fields, "passenger": msgspec.Raw(bill)}
    name, *rest = path
    if name not in fields or not bytes(fields[name]).startswith(b"{"):
        return None
    inner = _add(msgspec.json.decode(fields[name], type=dict[str, msgspec.Raw]), tuple(rest), bill)
    return None if inner is None else {**fields, name: msgspec.Raw(msgspec.json.encode(inner))}
