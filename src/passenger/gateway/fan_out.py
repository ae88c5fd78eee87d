"""One request as several calls side by side, and their answers as one.

If one call fails, all end: before the first byte the request fails, after it the stream breaks with one error.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from passenger.chat.events import Answer, AnswerIdentity, Event, Usage, total_usage
from passenger.chat.prompt import Prompt
from passenger.copilot.call import Call
from passenger.copilot.upstream import Reply
from passenger.dialects import Choices, ChoicesWriter, Reader
from passenger.dialects.framing import Framing, StreamMessage
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import translate
from passenger.gateway.response import GatewayResponse, pulled
from passenger.gateway.translate import Note

SendCall = Callable[[Call, Exchange], Coroutine[Any, Any, Reply]]


def refuse_fan_out(name: str, count: int) -> Failure:
    """The failure of a request that would take several calls, if the settings are strict."""
    message = f"{name} would become {count} requests, each billed, and [upstream] strict asks none that was not asked"
    return Failure(Kind.INVALID, message, code="unsupported_parameter", param=name)


class FanOut:
    """The calls of one request."""

    def __init__(self, choices: Choices, prompt: Prompt, exchange: Exchange, readers: Sequence[Reader]) -> None:
        self._choices = choices
        self._prompt = prompt
        self._exchange = exchange
        self._exchanges = [
            Exchange(exchange.method, exchange.path, id=exchange.id, is_cut=True) for _ in range(prompt.choices)
        ]
        self._readers = readers
        self._replies: list[Reply] = []

    async def send(self, send: SendCall, call: Call, check: Callable[[Reply], None]) -> None:
        """Send the calls; `check` raises for a reply that is no stream.

        Raises:
            Failure: one of them failed; the others were ended.
        """
        try:
            with self._exchange.waiting():
                calls = [send(call, one) for one in self._exchanges]
                self._replies = await all_of(calls, lambda reply: reply.close())
        finally:
            self._account()
        self._exchange.answer()
        try:
            for reply in self._replies:
                check(reply)
        except Failure:
            self.close()
            raise

    async def whole(self, identity: AnswerIdentity, keep: Callable[[Answer, Exchange], None]) -> GatewayResponse:
        """The whole answer; `keep` is called with each of its answers."""
        try:
            pairs = zip(self._replies, self._readers, strict=True)
            reading = [translate.answer(*pair, begin=self._exchange.begin) for pair in pairs]
            with self._exchange.waiting():
                answers = await all_of(reading, lambda answer: None)
        finally:
            self.close()
        for answer, one in zip(answers, self._exchanges, strict=True):
            keep(answer, self._exchange)
            one.is_cut = False
        self._exchange.usage = total_usage([answer.usage for answer in answers])
        body = self._choices.write(self._prompt, answers, identity)
        return GatewayResponse("application/json", self._replies[0].headers, body, self.close)

    def stream(
        self,
        identity: AnswerIdentity,
        framing: Framing,
        note: Callable[[Exchange], Note],
        wrap: Callable[[ChoicesWriter], ChoicesWriter] = lambda writer: writer,
    ) -> GatewayResponse:
        """The streamed answer; `note` gives the watcher of one call's events, `wrap` what adds to the writing."""
        writer = wrap(self._choices.writer(self._prompt, identity))
        notes = [note(exchange) for exchange in self._exchanges]
        pieces = self._pieces(writer, framing, notes)
        return GatewayResponse(framing.content_type, self._replies[0].headers, pulled(pieces), self.close)

    def close(self) -> None:
        """End the calls that have not ended."""
        for reply in self._replies:
            reply.close()
        for one in self._exchanges:
            self._exchange.drop(one.dropped)
        self._exchange.usage = self._exchange.usage or self._usage
        self._exchange.is_cut = any(one.is_cut for one in self._exchanges)
        self._exchange.events = sum(one.events for one in self._exchanges)

    @property
    def _usage(self) -> Usage | None:
        return total_usage([exchange.usage for exchange in self._exchanges])

    def _account(self) -> None:
        """Add up in the one record what the calls have met."""
        for one in self._exchanges:
            self._exchange.attempts += one.attempts
            self._exchange.sent_bytes += one.sent_bytes
            self._exchange.retries += one.retries
            self._exchange.lessons += one.lessons
            self._exchange.upstream, self._exchange.token_left = one.upstream, one.token_left
            self._exchange.drop(one.dropped)

    async def _pieces(
        self, writer: ChoicesWriter, framing: Framing, notes: Sequence[Note]
    ) -> AsyncGenerator[bytes, None]:
        before = framing.opening
        streams = [translate.events(*pair) for pair in zip(self._replies, self._readers, strict=True)]
        parts = merged(streams)
        try:
            async for index, some in parts:
                self._exchange.begin()
                if messages := _written(writer, index, some, notes[index]):
                    yield before + translate.framed(framing, messages)
                    before = framing.between
            yield translate.framed(framing, [*writer.end(self._usage or Usage())]) + framing.closing
        except Failure as failure:
            self._exchange.fail(failure, Outcome.BROKEN)
            yield before + translate.framed(framing, [*writer.fail(failure)]) + framing.closing
        finally:
            await parts.aclose()


def _written(writer: ChoicesWriter, index: int, events: list[Event], note: Note) -> list[StreamMessage]:
    written: list[StreamMessage] = []
    for event in events:
        note(event)
        written += writer.send(index, event)
    return written


T = TypeVar("T")


async def all_of(coroutines: Sequence[Coroutine[Any, Any, T]], undo: Callable[[T], None]) -> list[T]:
    """The results of all. If one fails or the caller is cancelled, the others end and their results are undone."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for given in await _ended(tasks):
            if not isinstance(given, BaseException):
                undo(given)
        raise


async def merged(streams: Sequence[AsyncIterator[T]]) -> AsyncGenerator[tuple[int, T], None]:
    """The items of all streams as they come, each with the number of its stream.

    Each stream is at most one item ahead. If one fails or the caller stops, no stream is read on.
    """
    waiting = {asyncio.ensure_future(_next(stream)): index for index, stream in enumerate(streams)}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=waiting.__getitem__):
                index = waiting.pop(task)
                if found := task.result():
                    waiting[asyncio.ensure_future(_next(streams[index]))] = index
                    yield index, found[0]
    finally:
        await _ended(list(waiting))


async def _next(stream: AsyncIterator[T]) -> tuple[T] | None:
    async for item in stream:
        return (item,)
    return None


async def _ended(tasks: Sequence[asyncio.Future[T]]) -> list[T | BaseException]:
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)
