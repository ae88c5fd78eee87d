"""Settles what an exchange cost, once, when its answer is whole or its stream is over.

Copilot's own bill counts first, then the catalogue's prices. Of a stream that was cut nothing is told but what came:
its cost is estimated from the bytes of the request and the events of the answer, by what those of the same model came
to before.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from passenger.chat.cost import FREE, MOST_NANO, Cost, Tariff, Tokens, price_usage, tokens_of
from passenger.chat.events import Usage
from passenger.chat.prompt import Initiator
from passenger.exchange import Exchange

MOST_MODELS = 256
"""Models of which something is learned."""

NEW = 0.2
"""How much a new answer counts beside all before it."""

MOST_ANSWERS = 20
"""Answers of a model that are learned from: one before them would count for a hundredth."""


class Answered(NamedTuple):
    """A complete answer: what it told, the bytes of its request, and its events if it was a stream."""

    usage: Usage
    sent_bytes: int
    events: int


class Averages(Struct):
    """What the answers of a model came to, on average."""

    tokens_a_byte: float = 0.25
    """Input tokens for each byte of a request."""
    read: float = 0.0
    """The part of the input that a prompt cache had."""
    written: float = 0.0
    """The part of the input that was put into one."""
    tokens_an_event: float = 1.0
    """Output tokens for each event of a stream."""

    def learn(self, answered: Answered, weight: float) -> None:
        """Learn from a complete answer."""
        tokens = tokens_of(answered.usage)
        whole = tokens.fresh + tokens.cache_read + tokens.cache_write
        if whole and answered.sent_bytes:
            self.tokens_a_byte += weight * (whole / answered.sent_bytes - self.tokens_a_byte)
            self.read += weight * (tokens.cache_read / whole - self.read)
            self.written += weight * (tokens.cache_write / whole - self.written)
        if tokens.output and answered.events:
            self.tokens_an_event += weight * (tokens.output / answered.events - self.tokens_an_event)

    def guess(self, usage: Usage | None, sent_bytes: int, events: int) -> Tokens:
        """The tokens of an answer that was cut, by what it had told and the events that had come."""
        told = tokens_of(usage or Usage())
        output = max(told.output, round(events * self.tokens_an_event))
        if told.fresh or told.cache_read or told.cache_write:
            return Tokens(told.fresh, told.cache_read, told.cache_write, output, told.reasoning)
        whole = round(sent_bytes * self.tokens_a_byte)
        read, written = round(whole * self.read), round(whole * self.written)
        return Tokens(max(0, whole - read - written), read, written, output, told.reasoning)


def average(answers: Iterable[Answered]) -> Averages:
    """What these answers came to, the last of them counting most."""
    averages = Averages()
    for number, answered in enumerate(answers, 1):
        averages.learn(answered, max(NEW, 1 / number))
    return averages


class _Learned:
    """The last complete answers of a model, and what they came to once that was asked for."""

    __slots__ = ("_answers", "_averages")

    def __init__(self) -> None:
        self._answers: deque[Answered] = deque(maxlen=MOST_ANSWERS)
        self._averages: Averages | None = None

    def add(self, answered: Answered) -> None:
        """Learn from a complete answer."""
        self._answers.append(answered)
        self._averages = None

    @property
    def averages(self) -> Averages:
        """What they came to."""
        if self._averages is None:
            self._averages = average(self._answers)
        return self._averages


class Billing:
    """Settles exchanges. The last complete answers of each model are kept, and learned from once one is cut."""

    def __init__(self) -> None:
        self._learned: OrderedDict[tuple[str, str], _Learned] = OrderedDict()

    def settle(self, exchange: Exchange) -> None:
        """Note what an exchange cost; nothing is noted where that is unknown, or no model was reached."""
        tariff = exchange.tariff
        if tariff is None:
            return
        _settle_saved(exchange)
        if exchange.is_free:
            exchange.cost = FREE
            return
        if not exchange.attempts:
            return
        if not exchange.sent_bytes:
            exchange.cost = FREE
        elif exchange.usage is not None and not exchange.is_cut:
            settle_answer(exchange)
            self._learned_of(exchange).add(Answered(exchange.usage, exchange.sent_bytes, exchange.events))
        else:
            exchange.cost = self._estimate(exchange, tariff)

    def estimate_stream(self, exchange: Exchange, usage: Usage | None, events: int) -> int:
        """Nano-credits of a stream so far, as it would be settled if it were cut now; 0 where that is unknown."""
        if exchange.tariff is None or exchange.tariff.counts_requests:
            return 0
        return self._price_cut(exchange, exchange.tariff, usage, events) or 0

    def _estimate(self, exchange: Exchange, tariff: Tariff) -> Cost | None:
        """The cost of an answer that was cut, unless Copilot's bill had come before."""
        usage = exchange.usage
        if (usage is not None and usage.nano_credits is not None) or tariff.counts_requests:
            return price_answer(exchange, usage or Usage())
        nano = self._price_cut(exchange, tariff, usage, exchange.events)
        return None if nano is None or nano > MOST_NANO else Cost("estimated", nano)

    def _price_cut(self, exchange: Exchange, tariff: Tariff, usage: Usage | None, events: int) -> int | None:
        return tariff.price_in_full(self._learned_of(exchange).averages.guess(usage, exchange.sent_bytes, events))

    def _learned_of(self, exchange: Exchange) -> "_Learned":
        key = exchange.seat, exchange.model or ""
        found = self._learned.get(key)
        if found is None:
            found = self._learned[key] = _Learned()
            if len(self._learned) > MOST_MODELS:
                self._learned.popitem(last=False)
        return found


def settle_answer(exchange: Exchange) -> None:
    """Note what a complete answer cost."""
    if exchange.cost is None and exchange.usage is not None:
        exchange.cost = price_answer(exchange, exchange.usage)


def price_answer(exchange: Exchange, usage: Usage) -> Cost | None:
    """The cost of an answer with this usage; None where it is unknown, or no model is asked."""
    if exchange.tariff is None:
        return None
    return FREE if exchange.is_free else _price(exchange, exchange.tariff, usage)


def _settle_saved(exchange: Exchange) -> None:
    """Note what the answer would have cost that the cache gave, or the part of it that the cache gave."""
    tariff, whole = exchange.tariff, exchange.usage
    if tariff is not None and exchange.spared > 0:
        exchange.saved = _price(exchange, tariff, Usage(input=exchange.spared))
    elif tariff is not None and exchange.is_free and whole is not None and not exchange.is_cut:
        exchange.saved = _price(exchange, tariff, whole)


def _price(exchange: Exchange, tariff: Tariff, usage: Usage) -> Cost | None:
    is_question = exchange.ask is not None and exchange.ask.initiator is Initiator.USER
    return price_usage(usage, tariff, is_question=is_question, calls=exchange.calls)
