"""A request to a model of another dialect: the client's is read as a prompt, Copilot's written, and its answer back."""

from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from passenger import seals
from passenger.chat import Encoded, Prompt, Stamp, named
from passenger.copilot.field_names import client_name
from passenger.dialects import Inbound, Reader, Request, Writer, caps
from passenger.dialects import messages as messages_api
from passenger.dialects import responses as responses_api
from passenger.dialects.citations import LOST, has_place, has_unplaced
from passenger.dialects.sessions import cache_key
from passenger.errors import Failure
from passenger.events import Answer, Cite, Delta, Event, Finish, Folder, PartKind, PartStart
from passenger.exchange import Exchange, Outcome
from passenger.gateway import translate
from passenger.gateway.counting import Counting
from passenger.gateway.delivery import Delivery
from passenger.gateway.fan_out import FanOut, refuse_fan_out
from passenger.gateway.routed import Routed
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender, must_stream
from passenger.gateway.sink import Sink
from passenger.offload import offload
from passenger.routing import Route
from passenger.thoughts import forgotten
from passenger.tokens.counter import Read
from passenger.upstream import Reply


class Translating:
    """Serves the requests that are translated."""

    def __init__(self, sender: Sender, counting: Counting) -> None:
        self._sender = sender
        self._counting = counting
        self._policy = sender.policy

    async def serve(self, routed: Routed) -> Delivery:
        """The model's answer in the client's dialect; whoever gets it closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        seat, inbound, request, ask = routed.seat, routed.inbound, routed.request, routed.ask
        route, exchange = routed.route, routed.exchange
        prompt, sent = await self._written(routed)
        self._counting.expect(inbound, route)
        read = self._counting.prompt(seat, inbound, request)
        stamp = self._sender.stamp(exchange)
        name = partial(client_name, api=route.outbound.NAME, fields=inbound.FIELDS, wanted=prompt.reasoning)
        call = self._sender.call(seat, replace(ask, stream=True), route, sent, named=name)
        del sent
        if prompt.choices > 1:
            exchange.calls = prompt.choices
            fan_out = FanOut(inbound, prompt, exchange, lambda: route.outbound.reader(prompt, route.able))
            await fan_out.send(partial(self._sender.send, seat, request), call, must_stream)
            return await self._fanned(routed, fan_out, stamp)
        reader = route.outbound.reader(prompt, route.able)
        reply = await self._sender.send(seat, request, call, exchange)
        exchange.answer()
        del call
        must_stream(reply)
        if ask.stream:
            return self._streamed(routed, reply, reader, inbound.writer(prompt, stamp), read)
        with reply:
            answer = await translate.answer(reply, reader, begin=exchange.begin)
        exchange.usage = answer.usage
        _keep(seat, inbound, answer, exchange)
        await seat.thoughts.settle()
        self._counting.learn(read, exchange)
        return Delivery("application/json", reply.headers, inbound.write_answer(prompt, answer, stamp))

    async def _written(self, routed: Routed) -> tuple[Prompt, Encoded]:
        """The prompt without what was said in it, and what goes up of it, with the thoughts that are kept here.

        A prompt is many times as large as its body, and what answering needs of it is what was not said in turns.
        """
        seat, inbound, request, route = routed.seat, routed.inbound, routed.request, routed.route
        prompt = await offload(request.heavy, self._read_prompt, inbound, request)
        said = prompt.messages
        if not inbound.CARRIES_SEALS:
            await seat.thoughts.recall(seat.name, forgotten(prompt))
            prompt = seat.thoughts.restore(seat.name, prompt)
        asked = _with_cache_key(seat, prompt, request) if route.outbound.NAME == responses_api.NAME else prompt
        sent = await offload(request.heavy, self._write_prompt, inbound, asked, route)
        lost = seals.sent_and_lost(said, sent.dropped)
        self._sender.drop(routed.exchange, (*prompt.dropped, *(named(inbound.FIELDS, name) for name in lost)))
        return replace(prompt, messages=()), sent

    def _streamed(self, routed: Routed, reply: Reply, reader: Reader, writer: Writer, read: Read | None) -> Delivery:
        """The answer as it comes."""
        seat, inbound, exchange = routed.seat, routed.inbound, routed.exchange
        framing = inbound.framing(routed.request)
        note, settle = _note(seat, inbound, exchange), seat.thoughts.settle

        def fail(failure: Failure) -> None:
            exchange.fail(failure, Outcome.BROKEN)

        def close() -> None:
            reply.close()
            self._counting.learn(read, exchange)

        def flow(sink: Sink) -> Awaitable[None]:
            return translate.translate_into(
                sink, reply, reader, writer, framing, note=note, fail=fail, begin=exchange.begin, settle=settle
            )

        return Delivery(framing.content_type, reply.headers, flow, close)

    @staticmethod
    async def _fanned(routed: Routed, fan_out: FanOut, stamp: Stamp) -> Delivery:
        """The answer to several calls; nothing is learned of how tokens count."""
        seat, inbound = routed.seat, routed.inbound
        if routed.ask.stream:
            return fan_out.stream(stamp, inbound.framing(routed.request), partial(_note, seat, inbound))
        delivery = await fan_out.whole(stamp, partial(_keep, seat, inbound))
        await seat.thoughts.settle()
        return delivery

    def _read_prompt(self, inbound: Inbound, request: Request) -> Prompt:
        prompt = inbound.read_prompt(request)
        if inbound.NAME == messages_api.NAME and not self._policy.keeps_attribution:
            prompt = messages_api.without_attribution(prompt)
        if prompt.choices > 1 and self._policy.strict:
            raise refuse_fan_out(inbound.FIELDS["choices"], prompt.choices)
        caps.check_prompt(prompt, self._policy.limits, inbound.FIELDS)
        return prompt

    @staticmethod
    def _write_prompt(inbound: Inbound, prompt: Prompt, route: Route) -> Encoded:
        try:
            return route.outbound.write_prompt(replace(prompt, model=route.name), route.able).encoded()
        except Failure as failure:
            if failure.param is None:
                raise
            raise failure.but(param=inbound.FIELDS.get(failure.param, failure.param)) from failure


def _with_cache_key(seat: Seat, prompt: Prompt, request: Request) -> Prompt:
    """The prompt with the key of the client's session, where the client tells one and no key of its own."""
    if prompt.cache_key is not None:
        return prompt
    return replace(prompt, cache_key=cache_key(seat.name, request.headers, prompt.user))


def _note(seat: Seat, inbound: Inbound, exchange: Exchange) -> Callable[[Event], None]:
    """What watches the events of a stream: for usage, and for thoughts that the client cannot carry."""
    folder = None if inbound.CARRIES_SEALS else Folder()
    part: PartKind | None = None

    def note(event: Event) -> None:
        nonlocal part
        if folder is not None:
            folder.add(event)
        if type(event) is Delta:
            return  # nearly all are
        if type(event) is PartStart:
            part = event.kind
        elif type(event) is Cite and not has_place(inbound.NAME, part, event.citation):
            exchange.drop((LOST,))
        elif type(event) is Finish:
            exchange.usage = event.usage
            if folder is not None and folder.answer is not None:
                seat.thoughts.keep(seat.name, folder.answer.parts)

    return note


def _keep(seat: Seat, inbound: Inbound, answer: Answer, exchange: Exchange) -> None:
    """Keep the thoughts that the client cannot carry; name what it has no place for."""
    if not inbound.CARRIES_SEALS:
        seat.thoughts.keep(seat.name, answer.parts)
    if has_unplaced(inbound.NAME, answer):
        exchange.drop((LOST,))
