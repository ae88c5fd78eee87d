"""A simulator with more to say than fits anywhere: a long stream made as it is taken, so that it costs no memory here.

A chat whose text holds `<flood>` is answered with it; how much has been handed to the network is told in `said`.
"""

import asyncio
import json
from typing import Any

from passenger.simulator import Recorded, Simulator
from passenger.simulator.connection import Connection

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WIDTH = 16_000
DELTA = {"index": 0, "delta": {"content": "x" * WIDTH}, "finish_reason": None}
END = {"index": 0, "delta": {}, "finish_reason": "stop"}


class FloodSimulator(Simulator):
    """See above; `mb` is the length of the stream."""

    def __init__(self, mb: int, **options: Any) -> None:  # Any: the options are Simulator's own
        super().__init__(**options)
        self.events = mb * 1_000_000 // WIDTH
        self.said: dict[str, int] = {}
        """Bytes of text by the question that was asked."""

    def _connect(self) -> Connection:
        return _Flooding(self)


class _Flooding(Connection):
    def __init__(self, simulator: FloodSimulator) -> None:
        super().__init__(simulator._desk)
        self._simulator = simulator

    async def _reply(self, request: Recorded) -> None:
        if b"<flood>" not in request.body:
            return await super()._reply(request)
        said, question = self._simulator.said, request.json()["messages"][0]["content"]
        said[question] = 0
        self.write(HEAD)
        event = _chunk(DELTA)
        for _ in range(self._simulator.events):
            self.write(event)
            await self.flush()
            said[question] += WIDTH
        self.write(_chunk(END) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        await asyncio.sleep(0)
        return None


def _chunk(choice: object) -> bytes:
    data = b"data: " + json.dumps({"id": "flood", "model": "gpt-4o", "choices": [choice]}).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)
