"""One bench for all the tests of a module that do not need one of their own: a process takes long to start."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.server.bench import Bench, bench


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench that the tests of a module share, logged in and warm."""
    async with bench(tmp_path_factory.mktemp("bench")) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quick(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench that bridges a silence of tenths of a second."""
    config = "[upstream]\ncommit_after = 0.1\nkeep_alive = 0.1\n"
    async with bench(tmp_path_factory.mktemp("quick"), config=config) as one:
        yield one


@pytest.fixture(autouse=True)
def as_new(request: pytest.FixtureRequest) -> None:
    """Let each test begin on a bench on which nothing has happened."""
    for name in {"shared", "quick"} & set(request.fixturenames):
        one: Bench = request.getfixturevalue(name)
        one.forget()
