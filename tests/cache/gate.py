"""An upstream that answers once it is let."""

import asyncio

import msgspec

from passenger.cache.recording import Recording
from passenger.cache.replay import Replay
from passenger.copilot.call import Call
from passenger.copilot.upstream import Reply
from passenger.errors import Failure
from passenger.exchange import Exchange


class Gate:
    """Embeds texts, for `tokens` in all, or fails."""

    def __init__(self, failure: Failure | None = None, tokens: int = 20) -> None:
        self.texts: list[list[str]] = []
        self.given_up = asyncio.Event()
        self._failure = failure
        self._tokens = tokens
        self._open = asyncio.Event()
        self._asked = asyncio.Condition()

    def open(self) -> None:
        self._open.set()

    async def asked(self, times: int) -> None:
        async with asyncio.timeout(20), self._asked:
            await self._asked.wait_for(lambda: len(self.texts) >= times)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        texts: list[str] = msgspec.json.decode(call.body)["input"]
        async with self._asked:
            self.texts.append(texts)
            self._asked.notify_all()
        exchange.attempts += 1
        try:
            await self._open.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        if self._failure is not None:
            raise self._failure
        exchange.sent_bytes = 7
        data = [{"index": index, "embedding": [len(text), index]} for index, text in enumerate(texts)]
        recording = Recording("application/json", "upstream")
        recording.piece(msgspec.json.encode({"data": data, "usage": {"prompt_tokens": self._tokens}}))
        recording.ended(None)
        return Replay(recording, exchange)
