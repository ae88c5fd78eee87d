"""One request as several calls side by side, and their answers as one; it hides that each of them can fail alone.

Where one fails, all end: before the first byte the request fails, after it the stream breaks with one error.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import Any

from passenger.chat import Prompt, Stamp, Usage, total
from passenger.copilot.call import Call
from passenger.dialects import ChoicesWriter, Inbound, Reader
from passenger.dialects.registry import SEVERAL
from passenger.errors import Failure, Kind
from passenger.events import Answer, Event
from passenger.exchange import Exchange, Outcome
from passenger.framing import Framing, Message
from passenger.gateway import translate
from passenger.gateway.delivery import Delivery, pulled
from passenger.gateway.side_by_side import all_of, merged
from passenger.upstream import Reply

Note = Callable[[Event], None]
Send = Callable[[Call, Exchange], Coroutine[Any, Any, Reply]]


def refuse_fan_out(name: str, count: int) -> Failure:
    """The failure of a request that would become several, where the settings are strict."""
    message = f"{name} would become {count} requests, each billed, and [proxy] strict asks none that was not asked"
    return Failure(Kind.INVALID, message, code="unsupported_parameter", param=name)


class FanOut:
    """The calls of one request."""

    def __init__(self, inbound: Inbound, prompt: Prompt, exchange: Exchange, reader: Callable[[], Reader]) -> None:
        self._several = SEVERAL[inbound.NAME]
        self._prompt = prompt
        self._exchange = exchange
        self._exchanges = [Exchange(exchange.method, exchange.path, id=exchange.id) for _ in range(prompt.choices)]
        self._readers = [reader() for _ in range(prompt.choices)]
        self._replies: list[Reply] = []

    async def send(self, send: Send, call: Call, check: Callable[[Reply], None]) -> None:
        """Send them; `check` refuses a reply that is no stream.

        Raises:
            Failure: one of them failed; then none goes on.
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

    async def whole(self, stamp: Stamp, keep: Callable[[Answer, Exchange], None]) -> Delivery:
        """The answer when all of it is there; `keep` notes what is to be kept and named of each."""
        try:
            pairs = zip(self._replies, self._readers, strict=True)
            reading = [translate.answer(*pair, begin=self._exchange.begin) for pair in pairs]
            with self._exchange.waiting():
                answers = await all_of(reading, lambda answer: None)
        finally:
            self.close()
        for answer in answers:
            keep(answer, self._exchange)
        self._exchange.usage = total([answer.usage for answer in answers])
        body = self._several.write_choices(self._prompt, answers, stamp)
        return Delivery("application/json", self._replies[0].headers, body, self.close)

    def stream(self, stamp: Stamp, framing: Framing, note: Callable[[Exchange], Note]) -> Delivery:
        """The answer as it comes; `note` gives what watches the events of one call."""
        writer = self._several.choices_writer(self._prompt, stamp)
        notes = [note(exchange) for exchange in self._exchanges]
        pieces = self._pieces(writer, framing, notes)
        return Delivery(framing.content_type, self._replies[0].headers, pulled(pieces), self.close)

    def close(self) -> None:
        """End what has not ended."""
        for reply in self._replies:
            reply.close()
        for one in self._exchanges:
            self._exchange.drop(one.dropped)
        self._exchange.usage = self._exchange.usage or self._usage

    @property
    def _usage(self) -> Usage | None:
        return total([exchange.usage for exchange in self._exchanges])

    def _account(self) -> None:
        """Note in the one record what the calls have met."""
        for one in self._exchanges:
            self._exchange.attempts += one.attempts
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


def _written(writer: ChoicesWriter, index: int, events: list[Event], note: Note) -> list[Message]:
    written: list[Message] = []
    for event in events:
        note(event)
        written += writer.send(index, event)
    return written
