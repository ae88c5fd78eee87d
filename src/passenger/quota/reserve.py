"""What is set aside for a request until its cost is known: what it will likely cost, or the most that it can.

Most of an agent's prompt was in the one before and is read from a prompt cache, at a tenth of the price. In a new
session, or after a pause, no cache has it: the whole prompt is paid in full.
"""

from collections import OrderedDict, deque

from msgspec import Struct

from passenger.chat.cost import Tariff, Tokens

CACHED_FOR = 300.0
"""Seconds for which vendors keep a prompt in their cache, unless they are asked for longer."""

MOST_SESSIONS = 2000
"""Sessions of which the last turn is known."""

MOST_MODELS = 256
"""Models of which answers are known."""

RECENT = 60
"""Answers of a model from which the next one's length is guessed."""

NEW_OUTPUT = 1000
"""Tokens that an answer likely has of a model that has not answered yet."""

MOST_OUTPUT = 128_000
"""Tokens that an answer can have of a model of which no limit is known."""

_NEW = 0.2
"""How much a new prompt counts beside all before it."""


class AskedTokens(Struct, frozen=True):
    """What is known beforehand of what a request may cost."""

    tariff: Tariff
    seat: str
    model: str
    session: str
    """What prompts with a common beginning have in common."""
    size: int
    """Bytes of its body."""
    choices: int = 1
    """How many answers it wants."""
    output: int | None = None
    """The most tokens that it wants of an answer."""
    most_input: int | None = None
    """The most tokens that the model takes."""
    most_output: int | None = None
    """The most tokens that the model gives."""


class _Turn(Struct):
    """The last turn of a session."""

    seat: str
    model: str
    ended: float
    tokens: int
    """Of its whole prompt."""


class _Seen(Struct):
    """What was seen of a model's answers."""

    tokens_a_byte: float = 0.25
    outputs: deque[int] = deque()
    output: int = NEW_OUTPUT
    """The tokens that nine of ten answers do not exceed."""


class Reserve:
    """Estimates costs by what came before. `now` is in seconds of any clock."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, _Turn] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    def likely(self, asked: AskedTokens, now: float) -> Tokens:
        """The tokens that it will likely have."""
        seen = self._seen.get((asked.seat, asked.model)) or _Seen()
        whole = _at_most(round(asked.size * seen.tokens_a_byte), asked.most_input)
        output = max(1, asked.choices) * _at_most(_at_most(seen.output, asked.output), asked.most_output)
        turn = self._turns.get(asked.session)
        if turn is None or now - turn.ended > CACHED_FOR or (turn.seat, turn.model) != (asked.seat, asked.model):
            return _uncached(asked.tariff, whole, output)
        cached = min(whole, turn.tokens)
        rest = _uncached(asked.tariff, whole - cached, output)
        return Tokens(rest.fresh, cached, rest.cache_write, output)

    @staticmethod
    def worst(asked: AskedTokens) -> Tokens:
        """The most tokens that it can have, of which none are cached: a token has at least a byte."""
        whole = _at_most(asked.size, asked.most_input)
        output = _at_most(_at_most(MOST_OUTPUT, asked.output), asked.most_output or asked.output)
        return _uncached(asked.tariff, whole, max(1, asked.choices) * output)

    def learn(self, asked: AskedTokens, tokens: Tokens, now: float) -> None:
        """Learn from a complete answer."""
        whole = tokens.fresh + tokens.cache_read + tokens.cache_write
        self._turns[asked.session] = _Turn(asked.seat, asked.model, now, whole)
        self._turns.move_to_end(asked.session)
        if len(self._turns) > MOST_SESSIONS:
            self._turns.popitem(last=False)
        key = asked.seat, asked.model
        seen = self._seen.setdefault(key, _Seen(outputs=deque(maxlen=RECENT)))
        self._seen.move_to_end(key)
        if len(self._seen) > MOST_MODELS:
            self._seen.popitem(last=False)
        if whole and asked.size:
            weight = _NEW if seen.outputs else 1.0
            seen.tokens_a_byte += weight * (whole / asked.size - seen.tokens_a_byte)
        seen.outputs.append(tokens.output // max(1, asked.choices))
        seen.output = sorted(seen.outputs)[len(seen.outputs) * 9 // 10]


def price(tariff: Tariff, tokens: Tokens) -> int:
    """Nano-credits for these tokens, in full where a cache has no price; 0 where no price is known."""
    return tariff.price_in_full(tokens) or 0


def _uncached(tariff: Tariff, whole: int, output: int) -> Tokens:
    """A prompt that no cache has: all of it fresh, or written into one where that costs more."""
    fresh, written = Tokens(whole, output=output), Tokens(cache_write=whole, output=output)
    return written if price(tariff, written) > price(tariff, fresh) else fresh


def _at_most(count: int, most: int | None) -> int:
    return count if most is None else min(count, most)
