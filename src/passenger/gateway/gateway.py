"""The one path to Copilot: peek, resolve, route, send, deliver, record.

Every request walks it; a feature is a line here, a wrapper around `Upstream`, or an observer of the exchange.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Self

import msgspec

from passenger import embeddings, seals, translate
from passenger.body import Body
from passenger.chat import Ask, Encoded, Prompt, Stamp, Thought, Usage, Written, named
from passenger.copilot.field_names import client_name
from passenger.copilot.live import LiveCatalog
from passenger.copilot.models import Catalog, Model, read_models
from passenger.copilot.protocol import chat_headers
from passenger.copilot.quirks import Quirks, compaction, completions, kept_seals, messages, responses
from passenger.copilot.quirks.attribution import leave_out_attribution
from passenger.copilot.quirks.cache_marks import MESSAGES_MARK, without_marks
from passenger.dialects import Inbound, Request, caps, side_requests
from passenger.dialects import completions as completions_api
from passenger.dialects import messages as messages_api
from passenger.dialects import responses as responses_api
from passenger.dialects.citations import LOST, has_place, has_unplaced
from passenger.dialects.sessions import cache_key
from passenger.embeddings import EmbedAsk
from passenger.errors import Failure, Kind
from passenger.events import Answer, AnswerPart, Cite, Event, Finish, Folder, PartKind, PartStart
from passenger.exchange import Exchange, Observer, Outcome
from passenger.framing import Framing
from passenger.gateway.choices import must_fan_out
from passenger.gateway.fan_out import FanOut, refuse_fan_out
from passenger.jsontext import outline
from passenger.limits import Limits
from passenger.offload import HEAVY, offload
from passenger.relay import relayed
from passenger.routing import Route, choose
from passenger.session import Session
from passenger.thoughts import Thoughts, forgotten
from passenger.tokens.counter import Counter
from passenger.upstream import Call, Reply, Upstream

log = logging.getLogger(__name__)

_COUNTING = frozenset({"messages", "gemini"})
"""Dialects whose clients count their prompts."""

_PASSING = frozenset({Kind.UPSTREAM, Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.RATE_LIMIT})
"""Failures that say nothing of the request itself."""

VALUES_LIMIT = 1_000_000
"""Values in the JSON of a whole answer: the likelihoods of each word's alternatives may be two hundred for a word."""

MARKLESS = 3600.0
"""Seconds that a model which has refused our breakpoints gets none."""

QUIRKS: Mapping[str, Quirks] = {"completions": completions, "messages": messages, "responses": responses}
"""What relaying needs, by dialect."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who pays: an account's session and the models it has."""

    name: str
    session: Session
    catalog: LiveCatalog


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0


@dataclass(slots=True)
class Delivery:
    """What goes down to the client: a whole body, or the pieces of a stream, each of them whole messages.

    A block that ends the upstream request of a stream when it is left, finished or not.
    """

    content_type: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | AsyncGenerator[bytes, None]
    _close: Callable[[], None] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._close is not None:
            self._close()


class Gateway:
    """Serves every request that reaches Copilot."""

    def __init__(
        self,
        seat: Seat,
        upstream: Upstream,
        *,
        clock: Callable[[], float],
        counter: Counter,
        deadlines: Deadlines | None = None,
        observers: Sequence[Observer] = (),
        strict: bool = False,
        side_requests: bool = True,
        limits: Limits | None = None,
        cache_marks: bool = True,
        keep_attribution: bool = False,
        thoughts: Thoughts | None = None,
    ) -> None:
        self.seat = seat
        self._upstream = upstream
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._observers = [*observers]
        self._counter = counter
        self._strict = strict
        self._side_requests = side_requests
        self._limits = limits or Limits()
        self._thoughts = thoughts or Thoughts(clock)
        self._cache_marks = cache_marks
        self._markless: dict[str, float] = {}
        self.keeps_attribution = keep_attribution or strict

    async def chat(self, inbound: Inbound, request: Request, exchange: Exchange) -> Delivery:
        """The answer to one chat request; whoever gets it closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        ask = exchange.ask = await offload(request.heavy, self._peek, inbound, request)
        with exchange.waiting():
            model = await self.seat.catalog.resolve(ask.model)
        itself = not (ask.compacts and model and not compaction.compacts_itself(model.able.vendor))
        relays = ask.relays and itself and not must_fan_out(ask, model)
        route = choose(inbound, ask.model, model, relays=relays, cache_marks=self._marks(model))
        exchange.model, exchange.route = route.name, str(route)
        if not route.relayed:
            return await self._translate(inbound, request, ask, route, exchange)
        try:
            return await self._relay(inbound, request, ask, route, exchange)
        except Failure as failure:
            if not (ask.compacts and compaction.is_refused(failure)):
                raise
        route = choose(inbound, ask.model, model, relays=False, cache_marks=self._marks(model))
        exchange.route = str(route)
        return await self._translate(inbound, request, ask, route, exchange)

    def _peek(self, inbound: Inbound, request: Request) -> Ask:
        """The facts of a request, with who caused it."""
        ask = inbound.peek(request)
        initiator = side_requests.who_asks(ask, request, rules=self._side_requests)
        return ask if initiator is ask.initiator else replace(ask, initiator=initiator)

    async def count(
        self,
        name: str,
        read: Callable[[], Prompt],
        write: Callable[[Model], Written],
        exchange: Exchange,
        *,
        heavy: bool = False,
    ) -> int:
        """The input tokens of a prompt: Copilot's own count where the model's API has one, else ours.

        `read` gives the prompt, in a worker thread; `write` what goes up for Copilot's count; both take long where they
        are heavy.
        """
        with exchange.waiting():
            model = await self.seat.catalog.resolve(name)
        seat, exchange.model = self.seat.name, model.id if model else name
        if model is not None and messages_api.PATH in model.endpoints:
            try:
                written = await offload(heavy, lambda: write(model).encoded())
                answer = await self._asked(messages_api.COUNT_PATH, model, written, exchange)
                counted = messages_api.read_count(answer)
            except Failure as failure:
                if failure.kind not in _PASSING and not _is_of_the_counter(failure):
                    raise
                log.warning("Copilot does not count, so the tokens are estimated: %s", failure)
            else:
                self._counter.learn(seat, model.id, read, counted)
                return counted
        return await self._counter.count(seat, exchange.model, read)

    def warm(self, idle: Callable[[], bool]) -> None:
        """Get ready in a while for what is seldom asked for, where `idle` says then that nobody is at work."""
        self._counter.warm(idle)

    async def embed(self, ask: EmbedAsk, exchange: Exchange) -> tuple[list[msgspec.Raw], Usage]:
        """The vectors of some texts, in their order, asked for in as many requests as the model's limit needs."""
        with exchange.waiting():
            model = await self.seat.catalog.resolve(ask.model)
        exchange.model = model.id if model else ask.model
        self._drop(exchange, ask.dropped)
        vectors, usage = list[msgspec.Raw](), Usage()
        heavy = sum(map(len, ask.inputs)) > HEAVY
        for body in embeddings.upstream_bodies(ask, exchange.model, model.max_inputs if model else None):
            answer = await self._asked(embeddings.PATH, model, await offload(heavy, Written(body).encoded), exchange)
            some, used = embeddings.read_vectors(answer)
            vectors += some
            usage = replace(usage, input=usage.input + used.input)
        exchange.usage = usage
        return vectors, usage

    async def models(self) -> Catalog:
        """The account's models; a Failure where no list of them can be had."""
        return await self.seat.catalog.list()

    def observe(self, observer: Observer) -> None:
        """Tell one more of every exchange that is over."""
        self._observers.append(observer)

    def conclude(self, exchange: Exchange) -> None:
        """Record an exchange that is over; an observer that fails harms nobody else."""
        exchange.ended = perf_counter()
        for observe in self._observers:
            try:
                observe(exchange)
            except Exception:
                log.exception("an observer failed")

    # --- relayed -------------------------------------------------------------------------------------------------

    async def _relay(self, inbound: Inbound, request: Request, ask: Ask, route: Route, exchange: Exchange) -> Delivery:
        quirks, stamp = QUIRKS[route.outbound.NAME], self._stamp(exchange)
        found = await self._forgotten(request, ask, route) if ask.called else {}
        sent = await offload(request.heavy, self._edited, request, ask, route, found)
        self._drop(exchange, sent.dropped)
        framing = inbound.framing(request)
        watch = kept_seals.Watch(route.able.vendor) if _seals(route) else None
        relay = completions.relay(ask, stamp, watch) if watch is not None else quirks.relay(ask, stamp)
        call = self._call(ask, route, sent)
        del sent
        reply = await self._send(request, call, exchange)
        del call  # a stream is long, and nothing of what went up is needed any more
        if not ask.stream:
            with reply:
                delivery = await self._whole(reply, quirks, stamp, exchange)
            if watch is not None and isinstance(delivery.content, bytes):
                self._keep_relayed(kept_seals.whole_answers(delivery.content, route.able.vendor))
                await self._thoughts.settle()
            self._learn(inbound, request, exchange)
            return delivery
        _must_stream(reply)

        def close() -> None:
            reply.close()
            exchange.usage = relay.usage
            if relay.failure is not None:
                exchange.fail(relay.failure, Outcome.BROKEN)
            self._learn(inbound, request, exchange)

        settle = self._keeping(watch) if watch is not None else None
        pieces = relayed(reply, relay, lambda failure: framing.frame(inbound.write_break(failure)), settle)
        return Delivery(framing.content_type, reply.headers, pieces, close)

    async def _forgotten(self, request: Request, ask: Ask, route: Route) -> Mapping[int, Sequence[Thought]]:
        """The thoughts that messages of a relayed chat lack and that are kept here, by their places."""
        if not _seals(route) or self._thoughts.empty:
            return {}
        said = Body(request.body, request.fields).raw_value("messages")
        lacking = await offload(request.heavy, kept_seals.forgotten, said)
        await self._thoughts.recall(self.seat.name, (call for message in lacking for call in message.calls))
        return {message.place: self._thoughts.of(self.seat.name, message.calls) for message in lacking}

    def _keep_relayed(self, answers: Iterable[Iterable[AnswerPart]]) -> None:
        for parts in answers:
            self._thoughts.keep(self.seat.name, parts)

    def _keeping(self, watch: kept_seals.Watch) -> Callable[[], Awaitable[None]]:
        """What keeps the thoughts of a stream that is at its end."""

        async def settle() -> None:
            self._keep_relayed(watch.answers())
            await self._thoughts.settle()

        return settle

    def _edited(self, request: Request, ask: Ask, route: Route, found: Mapping[int, Sequence[Thought]]) -> Encoded:
        """What goes up of a request that is relayed; `found` are the thoughts to put back."""
        body = Body(request.body, request.fields)
        caps.check_relayed(request.fields, self._limits)
        if route.name != ask.model:
            body.set("model", route.name)
        if found:
            kept_seals.put_back(body, found, route.able.vendor)
        headers, dropped = QUIRKS[route.outbound.NAME].prepare(body, ask, route.able)
        if route.outbound.NAME == messages_api.NAME and not self.keeps_attribution:
            dropped += leave_out_attribution(body)
        if route.outbound.NAME == responses_api.NAME and body.raw_value("prompt_cache_key") in {b"", b"null"}:
            self._set_cache_key(body, request)
        return Encoded(body.encode(), headers, dropped)

    def _set_cache_key(self, body: Body, request: Request) -> None:
        """Name the client's session to Copilot, by a digest, where the client tells one."""
        if (key := cache_key(self.seat.name, request.headers)) is not None:
            body.set("prompt_cache_key", key)

    async def _whole(self, reply: Reply, quirks: Quirks, stamp: Stamp, exchange: Exchange) -> Delivery:
        try:
            body = await reply.read()
            model = exchange.model or ""
            answer, exchange.usage = await offload(len(body) > HEAVY, _completed, quirks, body, model, stamp)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Failure(Kind.UPSTREAM, f"Copilot's answer is not JSON: {error}", code="bad_answer") from error
        return Delivery("application/json", reply.headers, answer)

    # --- translated ----------------------------------------------------------------------------------------------

    async def _translate(
        self, inbound: Inbound, request: Request, ask: Ask, route: Route, exchange: Exchange
    ) -> Delivery:
        prompt = await offload(request.heavy, self._read_prompt, inbound, request)
        said = prompt.messages
        if not inbound.CARRIES_SEALS:
            await self._thoughts.recall(self.seat.name, forgotten(prompt))
            prompt = self._thoughts.restore(self.seat.name, prompt)
        asked = self._with_cache_key(prompt, request) if route.outbound.NAME == responses_api.NAME else prompt
        sent = await offload(request.heavy, self._write_prompt, inbound, asked, route)
        del asked
        lost = seals.sent_and_lost(said, sent.dropped)
        # A prompt is many times as large as its body, and all that answering needs of it is what was not said in turns.
        prompt, said = replace(prompt, messages=()), ()
        if inbound.NAME in _COUNTING and route.outbound.NAME != messages_api.NAME:
            self._counter.expect()
        self._drop(exchange, (*prompt.dropped, *(named(inbound.FIELDS, name) for name in lost)))
        stamp, framing = self._stamp(exchange), inbound.framing(request)
        reader, writer = route.outbound.reader(prompt, route.able), inbound.writer(prompt, stamp)
        name = partial(client_name, api=route.outbound.NAME, fields=inbound.FIELDS, wanted=prompt.reasoning)
        call = replace(self._call(replace(ask, stream=True), route, sent), named=name)
        del sent
        if prompt.choices > 1:
            exchange.route = f"{route}; calls={prompt.choices}"
            fan_out = FanOut(inbound, prompt, exchange, lambda: route.outbound.reader(prompt, route.able))
            await fan_out.send(partial(self._send, request), call, _must_stream)
            return await self._fanned(fan_out, inbound, stamp, framing if ask.stream else None)
        reply = await self._send(request, call, exchange)
        exchange.answer()
        del call
        _must_stream(reply)
        if not ask.stream:
            with reply:
                answer = await translate.answer(reply, reader, begin=exchange.begin)
            exchange.usage = answer.usage
            self._keep(inbound, answer, exchange)
            await self._thoughts.settle()
            self._learn(inbound, request, exchange)
            return Delivery("application/json", reply.headers, inbound.write_answer(prompt, answer, stamp))

        def close() -> None:
            reply.close()
            self._learn(inbound, request, exchange)

        note, fail = self._note(inbound, exchange), lambda failure: exchange.fail(failure, Outcome.BROKEN)
        settle, begin = self._thoughts.settle, exchange.begin
        pieces = translate.stream(reply, reader, writer, framing, note=note, fail=fail, begin=begin, settle=settle)
        return Delivery(framing.content_type, reply.headers, pieces, close)

    async def _fanned(self, fan_out: FanOut, inbound: Inbound, stamp: Stamp, framing: Framing | None) -> Delivery:
        """The answer to several calls, streamed where there is a framing; nothing is learned of how tokens count."""
        if framing is None:
            fanned = await fan_out.whole(stamp, partial(self._keep, inbound))
            await self._thoughts.settle()
        else:
            fanned = fan_out.stream(stamp, framing, partial(self._note, inbound))
        kind = "application/json" if framing is None else framing.content_type
        return Delivery(kind, fanned.headers, fanned.content, fanned.close)

    def _read_prompt(self, inbound: Inbound, request: Request) -> Prompt:
        prompt = inbound.read_prompt(request)
        if inbound.NAME == messages_api.NAME and not self.keeps_attribution:
            prompt = messages_api.without_attribution(prompt)
        if prompt.choices > 1 and self._strict:
            raise refuse_fan_out(inbound.FIELDS["choices"], prompt.choices)
        caps.check_prompt(prompt, self._limits, inbound.FIELDS)
        return prompt

    def _with_cache_key(self, prompt: Prompt, request: Request) -> Prompt:
        """The prompt with the key of the client's session, where the client tells one and no key of its own."""
        if prompt.cache_key is not None:
            return prompt
        return replace(prompt, cache_key=cache_key(self.seat.name, request.headers, prompt.user))

    @staticmethod
    def _write_prompt(inbound: Inbound, prompt: Prompt, route: Route) -> Encoded:
        try:
            return route.outbound.write_prompt(replace(prompt, model=route.name), route.able).encoded()
        except Failure as failure:
            if failure.param is None:
                raise
            raise failure.but(param=inbound.FIELDS.get(failure.param, failure.param)) from failure

    def _note(self, inbound: Inbound, exchange: Exchange) -> Callable[[Event], None]:
        """What watches the events of a stream: for usage, and for thoughts that the client cannot carry."""
        folder = None if inbound.CARRIES_SEALS else Folder()
        part: PartKind | None = None

        def note(event: Event) -> None:
            nonlocal part
            if folder is not None:
                folder.add(event)
            if type(event) is PartStart:
                part = event.kind
            elif type(event) is Cite and not has_place(inbound.NAME, part, event.citation):
                exchange.drop((LOST,))
            elif type(event) is Finish:
                exchange.usage = event.usage
                if folder is not None and folder.answer is not None:
                    self._thoughts.keep(self.seat.name, folder.answer.parts)

        return note

    def _keep(self, inbound: Inbound, answer: Answer, exchange: Exchange) -> None:
        """Keep the thoughts that the client cannot carry; name what it has no place for."""
        if not inbound.CARRIES_SEALS:
            self._thoughts.keep(self.seat.name, answer.parts)
        if has_unplaced(inbound.NAME, answer):
            exchange.drop((LOST,))

    # --- both ----------------------------------------------------------------------------------------------------

    def _drop(self, exchange: Exchange, names: Sequence[str]) -> None:
        """Note what does not go up; refuse instead where the settings are strict."""
        if names and self._strict:
            name, _, note = names[0].partition(" (")
            how = "can only be asked for in words" if note else "cannot be carried"
            message = f"{name} {how} to this model, and [proxy] strict leaves nothing out"
            raise Failure(Kind.INVALID, message, code="unsupported_parameter", param=name)
        exchange.drop(names)

    def _call(self, ask: Ask, route: Route, sent: Encoded) -> Call:
        return Call(
            session=self.seat.session,
            method="POST",
            path=route.outbound.PATH,
            headers={**chat_headers(ask), **sent.headers},
            body=sent.body,
            first_byte=self._deadlines.first_byte if ask.stream else self._deadlines.complete,
            idle=self._deadlines.idle,
            seat=self.seat.name,
            model=route.name,
            able=route.able,
        )

    def _marks(self, model: Model | None) -> bool:
        """Whether breakpoints may be set for that model, which has not refused them just now."""
        return self._cache_marks and (model is None or self._markless.get(model.id, 0.0) <= self._clock())

    async def _send(self, request: Request, call: Call, exchange: Exchange) -> Reply:
        """Send it, and once more without our breakpoints where it is they that are refused."""
        try:
            return await self._upstream.send(call, exchange)
        except Failure as failure:
            refused = failure.status == 400 and MESSAGES_MARK in failure.message
            plain = without_marks(call.body, request.body) if refused else None
            if plain is None:
                raise
            log.warning("%s takes no prompt-cache breakpoints: %s", call.model, failure)
        self._markless[call.model] = self._clock() + MARKLESS
        exchange.retries.append("cache_marks")
        return await self._upstream.send(replace(call, body=plain), exchange)

    async def _asked(self, path: str, model: Model | None, sent: Encoded, exchange: Exchange) -> bytes:
        """The whole answer to a request that is no chat."""
        self._drop(exchange, sent.dropped)
        call = Call(
            session=self.seat.session,
            method="POST",
            path=path,
            headers={"Content-Type": "application/json", "Accept": "application/json", **sent.headers},
            body=sent.body,
            first_byte=self._deadlines.first_byte,
            idle=self._deadlines.idle,
            seat=self.seat.name,
            model=model.id if model else "",
        )
        with await self._upstream.send(call, exchange) as reply:
            return await reply.read()

    def _learn(self, inbound: Inbound, request: Request, exchange: Exchange) -> None:
        """Let the counter learn from an answer that says what its prompt took."""
        if exchange.usage is not None and exchange.failure is None:
            read = partial(inbound.read_prompt, request)
            self._counter.sample(self.seat.name, exchange.model or "", read, exchange.usage.input)

    def _stamp(self, exchange: Exchange) -> Stamp:
        return Stamp(exchange.id.replace("-", ""), int(self._clock()), exchange.took)


def _is_of_the_counter(failure: Failure) -> bool:
    """Whether Copilot's counter alone is not there for a model, which may chat all the same."""
    return failure.kind is Kind.NOT_FOUND or failure.code in {"unsupported_api_for_model", "model_not_supported"}


def _seals(route: Route) -> bool:
    """Whether the model seals its thoughts where clients seldom know the field."""
    return route.outbound.NAME == completions_api.NAME and route.able.vendor in kept_seals.SEALING


def _completed(quirks: Quirks, body: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
    """See `Quirks.complete`; fails where it would take too much to read it."""
    if outline.has_more_values(body, VALUES_LIMIT):
        message = f"Copilot's answer has more than {VALUES_LIMIT} values"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
    return quirks.complete(body, model, stamp)


def _must_stream(reply: Reply) -> None:
    """Close what is no stream, and say so."""
    if "json" in reply.content_type:
        reply.close()
        message = f"Copilot answered {reply.content_type} where a stream was asked for"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")


async def fetch_models(
    upstream: Upstream, session: Session, *, url: str, anonymous: bool, deadlines: Deadlines
) -> list[Model]:
    """The catalogue at `url`, which is below the API's base URL unless it is a whole URL of its own."""
    headers = {"Accept": "application/json"}
    call = Call(session, "GET", url, headers, deadlines.first_byte, deadlines.idle, anonymous=anonymous)
    with await upstream.send(call, Exchange("GET", url)) as reply:
        return read_models(await reply.read())
