"""Serves a translated request: reads the client's prompt, writes Copilot's request, and translates the answer back."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.events import Answer, AnswerBuilder, AnswerIdentity, Cite, Delta, Event, Finish, PartKind, PartStart
from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import Ask, Message, Prompt
from passenger.chat.upstream_request import Encoded, client_field
from passenger.copilot.call import Call
from passenger.copilot.field_names import client_name
from passenger.copilot.upstream import Reply
from passenger.dialects import Inbound, Reader, Request, Writer, caps
from passenger.dialects.citations import LOST, has_unplaced
from passenger.dialects.sessions import cache_key
from passenger.errors import Failure
from passenger.exchange import Exchange, Outcome
from passenger.gateway import translate
from passenger.gateway.counting import Counting
from passenger.gateway.fan_out import FanOut, refuse_fan_out
from passenger.gateway.overrun import OverrunGuards
from passenger.gateway.reasoning_cache import forgotten
from passenger.gateway.response import GatewayResponse, Sink
from passenger.gateway.routing import Route, Routed
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender, must_stream
from passenger.gateway.stream_bill import wants_bill, write_choices_with_bill, write_with_bill
from passenger.jsontext.offload import offload
from passenger.tokens.counter import Read


class Translator:
    """Serves translated requests."""

    def __init__(self, sender: Sender, counting: Counting, overrun: OverrunGuards) -> None:
        self._sender = sender
        self._counting = counting
        self._overrun = overrun
        self._policy = sender.policy

    async def serve(self, routed: Routed) -> GatewayResponse:
        """The model's answer in the client's dialect; the caller closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        seat, inbound, request, ask = routed.seat, routed.inbound, routed.request, routed.ask
        route, exchange = routed.route, routed.exchange
        prompt, sent = await self._write_request(routed)
        self._counting.expect(inbound, route)
        read = self._counting.prompt(seat, inbound, request)
        call = self.call(routed, ask, prompt, sent)
        del sent
        if prompt.choices > 1 and inbound.choices is not None:
            exchange.calls = prompt.choices
            readers: Sequence[Reader] = [
                route.outbound.reader(prompt, route.capabilities) for _ in range(prompt.choices)
            ]
            if ask.stream:
                readers = self._overrun.readers(readers, exchange)
            fan_out = FanOut(inbound.choices, prompt, exchange, readers)
            await fan_out.send(partial(self._sender.send, seat, request), call, must_stream)
            return await self._fanned(routed, fan_out, self._sender.identity(exchange))
        reader = route.outbound.reader(prompt, route.capabilities)
        reply = await self._sender.send(seat, request, call, exchange)
        exchange.answer()
        identity = self._sender.identity(exchange)
        del call
        must_stream(reply)
        if ask.stream:
            (reader,) = self._overrun.readers([reader], exchange)
            writer = inbound.writer(prompt, identity)
            if wants_bill(request):
                writer = write_with_bill(writer, inbound, exchange)
            return self._streamed(routed, reply, reader, writer, read)
        with reply:
            answer = await translate.answer(reply, reader, begin=exchange.begin)
        exchange.usage = answer.usage
        keep_answer(seat, inbound, answer, exchange)
        await seat.reasoning.settle()
        self._counting.learn(read, exchange)
        return GatewayResponse("application/json", reply.headers, inbound.write_answer(prompt, answer, identity))

    async def _write_request(self, routed: Routed) -> tuple[Prompt, Encoded]:
        """The prompt without its messages, and the request to Copilot, with the reasoning that is kept here.

        A prompt is many times as large as its body, and its messages are not needed to answer.
        """
        prompt = await self.read(routed, searches=self._policy.searches and routed.route.searches)
        sent = await self.write(routed, await self.recall(routed, prompt), prompt.messages)
        return replace(prompt, messages=()), sent

    async def read(self, routed: Routed, *, searches: bool) -> Prompt:
        """The client's whole prompt, without a search that nobody makes.

        Raises:
            Failure: it cannot be translated.
        """
        request = routed.request
        return await offload(request.heavy, partial(self._read_prompt, routed.inbound, request, searches=searches))

    @staticmethod
    async def recall(routed: Routed, prompt: Prompt) -> Prompt:
        """The prompt with the reasoning that the client cannot send back, and that is kept here."""
        seat = routed.seat
        if routed.inbound.round_trips_reasoning:
            return prompt
        await seat.reasoning.recall(seat.name, forgotten(prompt))
        return seat.reasoning.restore(seat.name, prompt)

    async def write(self, routed: Routed, prompt: Prompt, said: Sequence[Message]) -> Encoded:
        """The request to Copilot; what is left out of it is noted in the client's words. `said` is what it sent.

        Raises:
            Failure: the model cannot be asked that.
        """
        inbound, route = routed.inbound, routed.route
        asked = _with_cache_key(routed.seat, prompt, routed.request) if route.outbound.cache_key else prompt
        sent = await offload(routed.request.heavy, self._write_prompt, inbound, asked, route)
        lost = signatures.client_losses(said, sent.dropped)
        self._sender.drop(routed.exchange, (*prompt.dropped, *(client_field(inbound.fields, name) for name in lost)))
        return sent

    def call(self, routed: Routed, ask: Ask, prompt: Prompt, sent: Encoded) -> Call:
        """The call, whose refusals name the client's own fields."""
        inbound, route = routed.inbound, routed.route
        name = partial(client_name, api=route.outbound.name, fields=inbound.fields, wanted=prompt.reasoning)
        return self._sender.call(routed.seat, replace(ask, stream=True), route, sent, named=name)

    def _streamed(
        self, routed: Routed, reply: Reply, reader: Reader, writer: Writer, read: Read | None
    ) -> GatewayResponse:
        """The answer as it comes."""
        seat, inbound, exchange = routed.seat, routed.inbound, routed.exchange
        exchange.is_cut = True  # until its last event is here
        framing = inbound.framing(routed.request)
        note, settle = note_events(seat, inbound, exchange), seat.reasoning.settle

        def fail(failure: Failure) -> None:
            exchange.fail(failure, Outcome.BROKEN)

        def close() -> None:
            reply.close()
            self._counting.learn(read, exchange)

        def flow(sink: Sink) -> Awaitable[None]:
            return translate.translate_into(
                sink, reply, reader, writer, framing, note=note, fail=fail, begin=exchange.begin, settle=settle
            )

        return GatewayResponse(framing.content_type, reply.headers, flow, close)

    @staticmethod
    async def _fanned(routed: Routed, fan_out: FanOut, identity: AnswerIdentity) -> GatewayResponse:
        """The answer to several calls; nothing is learned of how tokens count."""
        seat, inbound = routed.seat, routed.inbound
        if routed.ask.stream:
            framing, note = inbound.framing(routed.request), partial(note_events, seat, inbound)
            if not wants_bill(routed.request):
                return fan_out.stream(identity, framing, note)
            billing = partial(write_choices_with_bill, inbound=inbound, exchange=routed.exchange)
            return fan_out.stream(identity, framing, note, billing)
        delivery = await fan_out.whole(identity, partial(keep_answer, seat, inbound))
        await seat.reasoning.settle()
        return delivery

    def _read_prompt(self, inbound: Inbound, request: Request, *, searches: bool) -> Prompt:
        prompt = inbound.read_prompt(request)
        if not searches:
            prompt = without_search(prompt)
        if not self._policy.keeps_attribution:
            prompt = inbound.strip_attribution(prompt)
        if prompt.choices > 1 and self._policy.strict:
            raise refuse_fan_out(inbound.fields["choices"], prompt.choices)
        caps.check_prompt(prompt, self._policy.limits, inbound.fields)
        return prompt

    @staticmethod
    def _write_prompt(inbound: Inbound, prompt: Prompt, route: Route) -> Encoded:
        try:
            return route.outbound.write_prompt(replace(prompt, model=route.name), route.capabilities).encoded()
        except Failure as failure:
            if failure.param is None:
                raise
            raise failure.but(param=inbound.fields.get(failure.param, failure.param)) from failure


def _with_cache_key(seat: Seat, prompt: Prompt, request: Request) -> Prompt:
    """The prompt with the key of the client's session, where the client tells one and no key of its own."""
    if prompt.cache_key is not None:
        return prompt
    return replace(prompt, cache_key=cache_key(seat.name, request.headers, prompt.user))


def note_events(seat: Seat, inbound: Inbound, exchange: Exchange) -> Callable[[Event], None]:
    """What watches the events of a stream: for usage, and for reasoning that the client cannot send back."""
    builder = None if inbound.round_trips_reasoning else AnswerBuilder()
    part: PartKind | None = None

    def note(event: Event) -> None:
        nonlocal part
        if builder is not None:
            builder.add(event)
        if type(event) is Delta:  # nearly all are
            exchange.events += 1
            return
        if type(event) is PartStart:
            part = event.kind
        elif type(event) is Cite and not inbound.cites(part, event.citation):
            exchange.drop((LOST,))
        elif type(event) is Finish:
            exchange.usage, exchange.is_cut = event.usage, False
            if builder is not None and builder.answer is not None:
                seat.reasoning.keep(seat.name, builder.answer.parts)

    return note


def keep_answer(seat: Seat, inbound: Inbound, answer: Answer, exchange: Exchange) -> None:
    """Keep the reasoning that the client cannot send back; name what it has no place for."""
    if not inbound.round_trips_reasoning:
        seat.reasoning.keep(seat.name, answer.parts)
    if has_unplaced(inbound.cites, answer):
        exchange.drop((LOST,))
