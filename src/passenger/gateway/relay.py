"""Serves a relayed request: the body goes up with its quirks, and whole events come down as they arrive.

The unfinished event is held back; a break is told in the client's dialect.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Reasoning
from passenger.chat.upstream_request import Encoded
from passenger.copilot.upstream import Reply
from passenger.dialects import Outbound, Relay, Request, SignedAnswers, caps
from passenger.dialects.framing import SseSplitter
from passenger.dialects.sessions import cache_key
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway.counting import Counting
from passenger.gateway.overrun import OverrunGuards
from passenger.gateway.response import GatewayResponse, Pouring, Sink
from passenger.gateway.routing import Route, Routed
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender, must_stream
from passenger.gateway.stream_bill import relay_with_bill, wants_bill
from passenger.jsontext import structure
from passenger.jsontext.offload import HEAVY, offload
from passenger.jsontext.raw_object import RawObject
from passenger.tokens.counter import Read

REST_OF_ERROR_TIME = 1.0
"""Seconds that upstream may take to end a stream after it has told of an error, or a line after its first half."""


async def relay_into(
    sink: Sink,
    reply: Reply,
    relay: Relay,
    broken: Callable[[Failure], bytes],
    settle: Callable[[], Awaitable[None]] | None = None,
    *,
    exchange: Exchange | None = None,
) -> None:
    """Send the answer down; after a break, what came before it and then the message of `broken`.

    `settle` is awaited before the end of an answer is sent; `exchange` counts its events.
    """
    passing = _Passing(relay, reply, sink, exchange or Exchange("", ""))
    try:
        if await passing.pour(sink):
            await _pass_last(sink, passing, reply, settle)
        elif last := relay.end(passing.splitter.flush()):
            if settle is not None:
                await settle()
            sink.piece(last)
    except Failure as failure:
        # If upstream said what went wrong, the client knows already.
        if relay.failure is None:
            relay.failure = failure.but()  # what was raised holds our frame, which holds the relay
            sink.piece(broken(failure))


class _Passing(Pouring):
    """Passes events on, and holds back the piece that ends the answer."""

    __slots__ = ("_exchange", "_sink", "failure", "last", "relay", "splitter")

    def __init__(self, relay: Relay, reply: Reply, sink: Sink, exchange: Exchange) -> None:
        super().__init__(reply)
        self._exchange = exchange
        self.relay = relay
        self.splitter = SseSplitter()
        self.last = b""
        """The piece that ends the answer, or the last one before a break."""
        self.failure: Failure | None = None
        self._sink = sink

    def take(self, data: bytes) -> bool:
        """Pass a piece on; whether more is wanted."""
        events = self.splitter.feed(data)
        self._exchange.events += len(events)
        down, self.failure = _pass_events(self.relay, events)
        if self.relay.done or self.failure is not None or self.relay.failure is not None:
            self.last = down
            return False
        if down:
            self._sink.piece(down)
        return True


async def _pass_last(sink: Sink, passing: _Passing, reply: Reply, settle: Callable[[], Awaitable[None]] | None) -> None:
    """Send what ends an answer."""
    relay = passing.relay
    if settle is not None and relay.done:
        await settle()
    if passing.last:
        sink.piece(passing.last)
    if passing.failure is not None:
        raise passing.failure.but()
    if relay.done:
        if passing.last.endswith(b"\r") and await _line_feed(reply):
            sink.piece(b"\n")
        await reply.drain()
    elif not relay.over:
        sink.piece(await _rest_of_error(reply, relay, passing.splitter))


async def _line_feed(reply: Reply) -> bool:
    """Whether the last CRLF was cut in two and its second half comes soon."""
    try:
        async with asyncio.timeout(REST_OF_ERROR_TIME):
            return (await reply.piece()).startswith(b"\n")
    except (TimeoutError, Failure):
        return False


async def _rest_of_error(reply: Reply, relay: Relay, splitter: SseSplitter) -> bytes:
    """What upstream adds to an error, if it comes soon."""
    try:
        async with asyncio.timeout(REST_OF_ERROR_TIME):
            piece = await reply.piece()
    except TimeoutError:
        return b""
    return _pass_events(relay, splitter.feed(piece))[0]


def _pass_events(relay: Relay, events: list[bytes]) -> tuple[bytes, Failure | None]:
    """What goes down, and a copy of the failure that came after it."""
    down: list[bytes] = []
    event = relay.event
    try:
        for raw in events:
            down.append(event(raw))
            if relay.done:
                break
    except Failure as failure:
        return b"".join(down), failure.but()
    return b"".join(down), None


VALUES_LIMIT = 1_000_000
"""Values in the JSON of a whole answer: the likelihoods of each word's alternatives may be two hundred for a word."""


class Relayer:
    """Serves relayed requests."""

    def __init__(self, sender: Sender, counting: Counting, overrun: OverrunGuards) -> None:
        self._sender = sender
        self._counting = counting
        self._overrun = overrun
        self._policy = sender.policy

    async def serve(self, routed: Routed) -> GatewayResponse:
        """The model's answer as it came, but for the quirks; the caller closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        seat, ask, route, exchange = routed.seat, routed.ask, routed.route, routed.exchange
        found = await self._forgotten(seat, routed.request, route) if ask.has_calls else {}
        if routed.request.heavy:
            sent = await offload(True, self._edited, routed, found)
        else:
            sent = self._edited(routed, found)
        self._sender.drop(exchange, sent.dropped)
        call = self._sender.call(seat, ask, route, sent)
        prompt = self._counting.prompt(seat, routed.inbound, routed.request)
        del sent
        reply = await self._sender.send(seat, routed.request, call, exchange)
        del call  # a stream is long, and nothing of what went up is needed any more
        if ask.stream:
            return self._streamed(routed, reply, prompt)
        with reply:
            answer = await self._whole(routed, reply)
        if (kept := route.kept_signatures) is not None:
            await _keep(seat, kept.read_answers(answer, route.capabilities.vendor))
        self._counting.learn(prompt, exchange)
        return GatewayResponse("application/json", reply.headers, answer)

    def _streamed(self, routed: Routed, reply: Reply, prompt: Read | None) -> GatewayResponse:
        """The answer as it comes."""
        must_stream(reply)
        inbound, exchange, framing = routed.inbound, routed.exchange, routed.inbound.framing(routed.request)
        relay, settle = _relay(routed, self._sender.identity(exchange))
        if wants_bill(routed.request):
            relay = relay_with_bill(relay, inbound, exchange)
        relay = self._overrun.relay(relay, exchange)

        def close() -> None:
            reply.close()
            exchange.usage, exchange.is_cut = relay.usage, not relay.done
            if relay.failure is not None:
                exchange.fail(relay.failure, Outcome.BROKEN)
            self._counting.learn(prompt, exchange)

        def flow(sink: Sink) -> Awaitable[None]:
            def broken(failure: Failure) -> bytes:
                return framing.frame(inbound.write_break(failure))

            return relay_into(sink, reply, relay, broken, settle, exchange=exchange)

        return GatewayResponse(framing.content_type, reply.headers, flow, close)

    async def _forgotten(self, seat: Seat, request: Request, route: Route) -> Mapping[int, Sequence[Reasoning]]:
        """Kept reasoning that messages of a relayed chat lack, by the index of the message."""
        kept = route.kept_signatures
        if kept is None or seat.reasoning.empty:
            return {}
        lacking = await offload(request.heavy, kept.find_missing, RawObject(request.body, request.fields))
        await seat.reasoning.recall(seat.name, (call for message in lacking for call in message.calls))
        return {message.position: seat.reasoning.of(seat.name, message.calls) for message in lacking}

    def _edited(self, routed: Routed, found: Mapping[int, Sequence[Reasoning]]) -> Encoded:
        """The request as it goes up; `found` is the reasoning to put back."""
        seat, request, ask, route = routed.seat, routed.request, routed.ask, routed.route
        body = RawObject(request.body, request.fields)
        caps.check_relayed(request.fields, self._policy.limits)
        if route.name != ask.model:
            body.set("model", route.name)
        if found and route.kept_signatures is not None:
            route.kept_signatures.restore(body, found, route.capabilities.vendor)
        headers, dropped = route.outbound.prepare(body, ask, route.capabilities)
        if not self._policy.keeps_attribution:
            dropped += route.outbound.strip_attribution(body)
        if (field := route.outbound.cache_key) is not None and body.raw_value(field) in {b"", b"null"}:
            _set_cache_key(field, seat, body, request)
        return Encoded(body.encode(), headers, dropped)

    async def _whole(self, routed: Routed, reply: Reply) -> bytes:
        """The whole answer, completed; its usage is noted in the record."""
        outbound, exchange = routed.route.outbound, routed.exchange
        try:
            body = await reply.read()
            model, identity = exchange.model or "", self._sender.identity(exchange)
            if len(body) > HEAVY:
                answer, exchange.usage = await offload(True, _complete, outbound, body, model, identity)
            else:
                answer, exchange.usage = _complete(outbound, body, model, identity)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Failure(Kind.UPSTREAM, f"Copilot's answer is not JSON: {error}", code="bad_answer") from error
        return answer


def _relay(routed: Routed, identity: AnswerIdentity) -> tuple[Relay, Callable[[], Awaitable[None]] | None]:
    """What passes the events of a stream on, and what keeps its signed reasoning at its end, if that is kept."""
    route, ask, seat = routed.route, routed.ask, routed.seat
    if route.kept_signatures is None:
        return route.outbound.relay(ask, identity), None
    relay, answers = route.kept_signatures.relay(ask, identity, route.capabilities.vendor)
    return relay, lambda: _keep(seat, answers())


async def _keep(seat: Seat, answers: SignedAnswers) -> None:
    """Keep signed reasoning, and wait until other processes can find it."""
    for parts in answers:
        seat.reasoning.keep(seat.name, parts)
    await seat.reasoning.settle()


def _set_cache_key(field: str, seat: Seat, body: RawObject, request: Request) -> None:
    """Name the client's session to Copilot, by a digest, where the client tells one."""
    if (key := cache_key(seat.name, request.headers)) is not None:
        body.set(field, key)


def _complete(outbound: Outbound, body: bytes, model: str, identity: AnswerIdentity) -> tuple[bytes, Usage | None]:
    """See `Outbound.complete`; fails where it would take too much to read it."""
    if structure.has_more_values(body, VALUES_LIMIT):
        message = f"Copilot's answer has more than {VALUES_LIMIT} values"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
    return outbound.complete(body, model, identity)
