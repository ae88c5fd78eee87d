"""A request whose model speaks the client's own dialect: its bytes go up but for named quirks, the answer's down."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from passenger.body import Body
from passenger.chat import Encoded, Stamp, Thought, Usage
from passenger.copilot.quirks import Quirks, completions, kept_seals, messages, responses
from passenger.copilot.quirks.attribution import leave_out_attribution
from passenger.dialects import Relay, Request, caps
from passenger.dialects import completions as completions_api
from passenger.dialects import messages as messages_api
from passenger.dialects import responses as responses_api
from passenger.dialects.sessions import cache_key
from passenger.errors import Failure, Kind
from passenger.events import AnswerPart
from passenger.exchange import Outcome
from passenger.gateway.counting import Counting
from passenger.gateway.delivery import Delivery
from passenger.gateway.relay import relay_into
from passenger.gateway.routed import Routed
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender, must_stream
from passenger.gateway.sink import Sink
from passenger.jsontext import outline
from passenger.offload import HEAVY, offload
from passenger.routing import Route
from passenger.tokens.counter import Read
from passenger.upstream import Reply

VALUES_LIMIT = 1_000_000
"""Values in the JSON of a whole answer: the likelihoods of each word's alternatives may be two hundred for a word."""

QUIRKS: Mapping[str, Quirks] = {"completions": completions, "messages": messages, "responses": responses}
"""What relaying needs, by dialect."""


class Relaying:
    """Serves the requests that are relayed."""

    def __init__(self, sender: Sender, counting: Counting) -> None:
        self._sender = sender
        self._counting = counting
        self._policy = sender.policy

    async def serve(self, routed: Routed) -> Delivery:
        """The model's answer in its own words, but for the quirks; whoever gets it closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        seat, ask, route, exchange = routed.seat, routed.ask, routed.route, routed.exchange
        found = await self._forgotten(seat, routed.request, route) if ask.called else {}
        if routed.request.heavy:
            sent = await offload(True, self._edited, routed, found)
        else:
            sent = self._edited(routed, found)
        self._sender.drop(exchange, sent.dropped)
        watch = kept_seals.Watch(route.able.vendor) if _seals(route) else None
        call = self._sender.call(seat, ask, route, sent)
        prompt = self._counting.prompt(seat, routed.inbound, routed.request)
        del sent
        reply = await self._sender.send(seat, routed.request, call, exchange)
        del call  # a stream is long, and nothing of what went up is needed any more
        if ask.stream:
            return self._streamed(routed, reply, watch, prompt)
        with reply:
            answer = await self._whole(routed, reply)
        if watch is not None:
            _keep_relayed(seat, kept_seals.whole_answers(answer, route.able.vendor))
            await seat.thoughts.settle()
        self._counting.learn(prompt, exchange)
        return Delivery("application/json", reply.headers, answer)

    def _streamed(self, routed: Routed, reply: Reply, watch: kept_seals.Watch | None, prompt: Read | None) -> Delivery:
        """The answer as it comes."""
        must_stream(reply)
        inbound, exchange, framing = routed.inbound, routed.exchange, routed.inbound.framing(routed.request)
        relay = _relay(routed, self._sender.stamp(exchange), watch)
        settle = _keeping(routed.seat, watch) if watch is not None else None

        def close() -> None:
            reply.close()
            exchange.usage = relay.usage
            if relay.failure is not None:
                exchange.fail(relay.failure, Outcome.BROKEN)
            self._counting.learn(prompt, exchange)

        def flow(sink: Sink) -> Awaitable[None]:
            return relay_into(sink, reply, relay, lambda failure: framing.frame(inbound.write_break(failure)), settle)

        return Delivery(framing.content_type, reply.headers, flow, close)

    async def _forgotten(self, seat: Seat, request: Request, route: Route) -> Mapping[int, Sequence[Thought]]:
        """The thoughts that messages of a relayed chat lack and that are kept here, by their places."""
        if not _seals(route) or seat.thoughts.empty:
            return {}
        said = Body(request.body, request.fields).raw_value("messages")
        lacking = await offload(request.heavy, kept_seals.forgotten, said)
        await seat.thoughts.recall(seat.name, (call for message in lacking for call in message.calls))
        return {message.place: seat.thoughts.of(seat.name, message.calls) for message in lacking}

    def _edited(self, routed: Routed, found: Mapping[int, Sequence[Thought]]) -> Encoded:
        """What goes up of a request that is relayed; `found` are the thoughts to put back."""
        seat, request, ask, route = routed.seat, routed.request, routed.ask, routed.route
        body = Body(request.body, request.fields)
        caps.check_relayed(request.fields, self._policy.limits)
        if route.name != ask.model:
            body.set("model", route.name)
        if found:
            kept_seals.put_back(body, found, route.able.vendor)
        headers, dropped = QUIRKS[route.outbound.NAME].prepare(body, ask, route.able)
        if route.outbound.NAME == messages_api.NAME and not self._policy.keeps_attribution:
            dropped += leave_out_attribution(body)
        if route.outbound.NAME == responses_api.NAME and body.raw_value("prompt_cache_key") in {b"", b"null"}:
            _set_cache_key(seat, body, request)
        return Encoded(body.encode(), headers, dropped)

    async def _whole(self, routed: Routed, reply: Reply) -> bytes:
        """The answer once all of it is there, completed; what it used is noted in the record."""
        quirks, exchange = QUIRKS[routed.route.outbound.NAME], routed.exchange
        try:
            body = await reply.read()
            model, stamp = exchange.model or "", self._sender.stamp(exchange)
            if len(body) > HEAVY:
                answer, exchange.usage = await offload(True, _completed, quirks, body, model, stamp)
            else:
                answer, exchange.usage = _completed(quirks, body, model, stamp)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Failure(Kind.UPSTREAM, f"Copilot's answer is not JSON: {error}", code="bad_answer") from error
        return answer


def _relay(routed: Routed, stamp: Stamp, watch: kept_seals.Watch | None) -> Relay:
    """What passes the events of a stream on; `watch` also notes sealed thoughts, as only completions need it to."""
    if watch is not None:
        return completions.relay(routed.ask, stamp, watch)
    return QUIRKS[routed.route.outbound.NAME].relay(routed.ask, stamp)


def _keep_relayed(seat: Seat, answers: Iterable[Iterable[AnswerPart]]) -> None:
    for parts in answers:
        seat.thoughts.keep(seat.name, parts)


def _keeping(seat: Seat, watch: kept_seals.Watch) -> Callable[[], Awaitable[None]]:
    """What keeps the thoughts of a stream that is at its end."""

    async def settle() -> None:
        _keep_relayed(seat, watch.answers())
        await seat.thoughts.settle()

    return settle


def _set_cache_key(seat: Seat, body: Body, request: Request) -> None:
    """Name the client's session to Copilot, by a digest, where the client tells one."""
    if (key := cache_key(seat.name, request.headers)) is not None:
        body.set("prompt_cache_key", key)


def _seals(route: Route) -> bool:
    """Whether the model seals its thoughts where clients seldom know the field."""
    return route.outbound.NAME == completions_api.NAME and route.able.vendor in kept_seals.SEALING


def _completed(quirks: Quirks, body: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
    """See `Quirks.complete`; fails where it would take too much to read it."""
    if outline.has_more_values(body, VALUES_LIMIT):
        message = f"Copilot's answer has more than {VALUES_LIMIT} values"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
    return quirks.complete(body, model, stamp)
