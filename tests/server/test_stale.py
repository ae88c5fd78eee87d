"""A kept connection that broke: asked again only where nothing at all came back, since then nothing was billed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from passenger.simulator import Recorded, Simulator
from passenger.simulator.connection import Connection
from tests.server.bench import Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Breaking(Simulator):
    """Begins an answer with these bytes on a connection that has served before, and breaks it off."""

    begun = b""
    resets = False

    def _connect(self) -> Connection:
        return _Breaking(self)


class _Breaking(Connection):
    def __init__(self, simulator: Breaking) -> None:
        super().__init__(simulator._desk)
        self.simulator = simulator

    async def _reply(self, request: Recorded) -> None:
        if not request.reused or b"break" not in request.body:
            return await super()._reply(request)
        self.write(self.simulator.begun)
        await asyncio.sleep(0.05)  # else a reset could overtake what was written
        return self.reset() if self.simulator.resets else self.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def breaking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Bench, Breaking]]:
    async with Breaking() as simulator, bench(tmp_path_factory.mktemp("stale"), simulator=simulator) as own:
        yield own, simulator


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    ("begun", "status", "reused"),
    [
        (b"", 200, [True, False]),
        (b"H", 502, [True]),
        (b"HTTP/1.1 200 OK\r\ncontent-type: te", 502, [True]),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 502, [True]),
    ],
    ids=["nothing", "a byte", "half a header", "an interim answer"],
)
async def test_a_request_is_sent_again_only_where_nothing_came_back(
    breaking: tuple[Bench, Breaking], begun: bytes, status: int, reused: list[bool], *, resets: bool
) -> None:
    own, simulator = breaking
    simulator.begun, simulator.resets = begun, resets
    assert (await own.chat()).status == 200
    own.forget()
    assert (await own.post(asking("break"))).status == status
    assert [request.reused for request in own.chats()] == reused
