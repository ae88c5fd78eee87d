"""Serves requests that want a web search which their model cannot make: natively told, whoever searches."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

from msgspec.structs import replace

from passenger.chat.events import (
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    Start,
    Usage,
)
from passenger.chat.prompt import Prompt, Text
from passenger.chat.web_search import SearchError, SearchTool
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure
from passenger.exchange import Outcome
from passenger.gateway.admission import Admissions
from passenger.gateway.recorder import Recorder
from passenger.gateway.response import GatewayResponse, pulled
from passenger.gateway.routing import Routed
from passenger.gateway.search_loop import SearchLoop, collect, new_search_id
from passenger.gateway.searchers import CopilotSearcher, CountedSearcher
from passenger.gateway.sender import Sender
from passenger.gateway.stream_bill import wants_bill, write_with_bill
from passenger.gateway.translate import framed
from passenger.gateway.translator import Translator, keep_answer, note_events
from passenger.gateway.web_search import WebSearch
from passenger.search.searcher import LONGEST_QUERY, Searcher, write_summary

log = logging.getLogger(__name__)

_ERRORS: Mapping[str, SearchError] = {
    "search_cap_reached": "too_many_requests",
    "search_forbidden": "unavailable",
    "search_unavailable": "unavailable",
}
"""What a search that cannot be made is told as, by the code of the failure."""

PHRASES = ("Perform a web search for the query:",)
"""How clients begin a request for nothing but a search: Claude Code (2026-11)."""


class SearchServer:
    """Serves those requests."""

    def __init__(
        self, web: WebSearch, sender: Sender, translating: Translator, recorder: Recorder, *, admissions: Admissions
    ) -> None:
        self._admissions = admissions
        self._web = web
        self._sender = sender
        self._translating = translating
        self._recorder = recorder

    async def serve(self, routed: Routed) -> GatewayResponse:
        """The answer; the caller closes it.

        Raises:
            Failure: the request is at fault, nobody can search, or Copilot gave no answer.
        """
        routed.exchange.search = self._web.provider
        is_only = routed.ask.web_search == "only"
        prompt = await self._translating.read(routed, searches=True)
        tool = prompt.web_search or SearchTool()
        # What a model has found goes down as it comes: where some of it must not, it is read first.
        if is_only and self._web.engine is None and not tool.blocked_domains:
            try:
                return await self._web.serve_only(routed)
            except Failure as failure:
                if failure.code not in _ERRORS:
                    raise
                return await self._tell(routed, self._ask_once(routed, prompt), failure)
        prompt = self._ask_once(routed, prompt)
        if is_only:
            return await self._answer_alone(routed, prompt, self._search_once(routed, prompt))
        loop = SearchLoop(self._translating, self._sender, await self._searcher(routed), routed)
        return await self._answer(routed, prompt, loop.events(prompt), loop.close)

    async def _tell(self, routed: Routed, prompt: Prompt, failure: Failure) -> GatewayResponse:
        """Why nobody searches, as a search that failed. Clients try a request that fails again, for minutes."""
        log.warning("the web is not searched: %s", failure)
        error = _ERRORS[failure.code or ""]
        return await self._answer_alone(routed, prompt, _failed(routed.route.name, read_query(prompt), error, failure))

    async def _answer_alone(
        self, routed: Routed, prompt: Prompt, events: AsyncIterator[list[Event]]
    ) -> GatewayResponse:
        """An answer that no model gives."""
        exchange = routed.exchange
        exchange.tariff = exchange.route = exchange.model = None
        return await self._answer(routed, prompt, events)

    def _ask_once(self, routed: Routed, prompt: Prompt) -> Prompt:
        """The prompt for one answer: more than one are not searched for."""
        if prompt.choices == 1:
            return prompt
        self._sender.drop(routed.exchange, (routed.inbound.fields["choices"],))
        return replace(prompt, choices=1)

    async def _searcher(self, routed: Routed) -> Searcher:
        def count() -> None:
            self._web.count(routed.seat)

        if self._web.engine is not None:
            return CountedSearcher(self._web.engine, count, routed.exchange)
        models = await self._web.models(routed)
        searcher = CopilotSearcher(self._web, self._sender, self._recorder, routed, models, admissions=self._admissions)
        return CountedSearcher(searcher, count, routed.exchange)

    async def _search_once(self, routed: Routed, prompt: Prompt) -> AsyncIterator[list[Event]]:
        """An answer of a searcher alone: what it has found, as a list. The model that was asked for is not asked."""
        query = read_query(prompt)
        name = new_search_id()
        yield [Start(routed.route.name), SearchCall(name, query)]
        found = await (await self._searcher(routed)).search(query, prompt.web_search or SearchTool())
        done = SearchDone(name, found.results, found.error)
        usage = Usage()
        yield [done, PartStart("text"), Delta(write_summary(found)), PartStop(), Finish(Reason.END, usage)]

    async def _answer(
        self,
        routed: Routed,
        prompt: Prompt,
        events: AsyncIterator[list[Event]],
        close: Callable[[], None] | None = None,
    ) -> GatewayResponse:
        """The events as the client's answer. The first ones are waited for: until then a failure is a status.

        `close` ends what the events come from.
        """
        first = await anext(events)
        seat, inbound, exchange = routed.seat, routed.inbound, routed.exchange
        shown = replace(prompt, messages=())
        whole = _after(first, events)
        if routed.ask.stream:
            framing = inbound.framing(routed.request)
            return GatewayResponse(framing.content_type, (), pulled(self._pieces(routed, shown, whole)), close)
        answer = await collect(whole)
        exchange.usage = answer.usage
        keep_answer(seat, inbound, answer, exchange)
        await seat.reasoning.settle()
        return GatewayResponse(
            "application/json", (), inbound.write_answer(shown, answer, self._sender.identity(exchange))
        )

    async def _pieces(
        self, routed: Routed, prompt: Prompt, events: AsyncIterator[list[Event]]
    ) -> AsyncGenerator[bytes, None]:
        """The events as bytes."""
        inbound, exchange = routed.inbound, routed.exchange
        framing = inbound.framing(routed.request)
        writer = inbound.writer(prompt, self._sender.identity(exchange))
        if wants_bill(routed.request):
            writer = write_with_bill(writer, inbound, exchange)
        note = note_events(routed.seat, inbound, exchange)
        exchange.is_cut = True  # until its last event is here
        before = framing.opening
        try:
            async for some in events:
                exchange.begin()
                messages = list[StreamMessage]()
                for event in some:
                    note(event)
                    messages += writer.send(event)
                if isinstance(some[-1], Finish):
                    await routed.seat.reasoning.settle()
                if messages:
                    yield before + framed(framing, messages)
                    before = framing.between
            yield framing.closing
        except Failure as failure:
            exchange.fail(failure, Outcome.BROKEN)
            yield before + framed(framing, [*writer.fail(failure)]) + framing.closing


async def _failed(model: str, query: str, error: SearchError, failure: Failure) -> AsyncIterator[list[Event]]:
    name = new_search_id()
    yield [Start(model), SearchCall(name, query), SearchDone(name, error=error)]
    yield [PartStart("text"), Delta(failure.message), PartStop(), Finish(Reason.END, Usage())]


async def _after(first: list[Event], events: AsyncIterator[list[Event]]) -> AsyncIterator[list[Event]]:
    yield first
    async for some in events:
        yield some


def read_query(prompt: Prompt) -> str:
    """What a request for nothing but a search wants to be looked for: the last text of the user."""
    texts = [
        part.text
        for message in prompt.messages
        if message.role == "user"
        for part in message.parts
        if isinstance(part, Text)
    ]
    query = texts[-1] if texts else ""
    for phrase in PHRASES:
        query = query.strip().removeprefix(phrase)
    return " ".join(query.split())[:LONGEST_QUERY]
