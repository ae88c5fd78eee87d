"""Counts prompts where Copilot does not, and learns from those that it has counted."""

import asyncio
import logging
from collections.abc import Callable

from passenger.chat.prompt import Prompt
from passenger.errors import Failure
from passenger.jsontext.offload import offload
from passenger.tokens.content import content
from passenger.tokens.ratios import Ratios, Sample
from passenger.tokens.tokenizer import Tokenizer
from passenger.tokens.warming import Warming

log = logging.getLogger(__name__)

SAMPLE_EVERY = 60.0
"""Seconds between two requests that are tokenised only to learn from them."""

Read = Callable[[], Prompt]
"""Gives the prompt of a request; called in a worker thread, for a long prompt takes long to read."""


class Counter:
    """Counts, and learns for each seat once a count was asked for; `clock` gives monotonic seconds."""

    def __init__(self, ratios: Ratios, tokenizer: Tokenizer, *, clock: Callable[[], float]) -> None:
        self._ratios = ratios
        self._tokenizer = tokenizer
        self._warming = Warming(tokenizer)
        self._clock = clock
        self._next: dict[str, float] = {}
        self._kept: dict[str, float] = {}
        self._wanted = False
        self._learning: dict[str, asyncio.Task[None]] = {}

    def warm(self, idle: Callable[[], bool]) -> None:
        """Start the tokenizer in a while, if `idle` then says that no request is served."""
        self._warming.begin(idle)

    def expect(self) -> None:
        """A client has asked whose kind counts, and of a model that Copilot does not count for: learn from it."""
        self._wanted = True

    async def count(self, seat: str, model: str, read: Read) -> int:
        """The input tokens of a prompt as that model would count them, nearly.

        Raises:
            Failure: the prompt cannot be read.
        """
        self._wanted = True
        found = await offload(True, lambda: content(read()))
        ours = found.frame + await self._tokenizer.count(found.texts)
        return max(1, round(ours * await self._ratios.of(seat, model)) + found.media)

    def keeps(self, seat: str) -> bool:
        """Whether a prompt is to be kept until it is answered, to be a sample then; of many at once the first."""
        if not self._wanted:
            return False
        now = self._clock()
        if now < self._next.get(seat, now) or now < self._kept.get(seat, now):
            return False
        self._kept[seat] = now + SAMPLE_EVERY
        return True

    def sample(self, seat: str, model: str, read: Read, theirs: int) -> None:
        """Copilot has answered a prompt: learn from what it counted, where the last sample is long enough ago."""
        now = self._clock()
        if self._wanted and now >= self._next.get(seat, now) and theirs > 0:
            self._next[seat] = now + SAMPLE_EVERY
            self.learn(seat, model, read, theirs)

    def learn(self, seat: str, model: str, read: Read, theirs: int) -> None:
        """Copilot has counted a prompt: learn from it, one at a time of each seat."""
        before = self._learning.get(seat)
        if self._wanted and (before is None or before.done()):
            self._learning[seat] = asyncio.get_running_loop().create_task(self._learn(seat, model, read, theirs))

    async def close(self) -> None:
        """Stop learning, and let the tokenizer go."""
        await self._warming.close()
        if learning := [*self._learning.values()]:
            for one in learning:
                one.cancel()
            await asyncio.wait(learning)
        await self._tokenizer.close()

    async def _learn(self, seat: str, model: str, read: Read, theirs: int) -> None:
        try:
            found = await offload(True, lambda: content(read()))
        except Failure as failure:
            log.debug("nothing is learned from a prompt that cannot be read: %s", failure)
            return
        # What a picture took is unknown, so a prompt with one teaches nothing about texts.
        if not found.media:
            ours = found.frame + await self._tokenizer.count(found.texts)
            await self._ratios.learn(Sample(seat, model, ours, theirs))
