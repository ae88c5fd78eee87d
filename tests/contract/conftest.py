"""One proxy for all the SDKs, on an account with a model for each of Copilot's APIs alone."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.proxy import Proxy, running

ONLY = {
    "completions": "gemini-3.1-pro-preview",
    "messages": "claude-haiku-4.5",
    "responses": "gpt-5.5",
}
"""A model that speaks nothing but that API."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account() -> AsyncIterator[Simulator]:
    async with Simulator(speaks={ONLY["messages"]: ["/v1/messages"]}) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(account: Simulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    async with running(account, tmp_path_factory.mktemp("home")) as process:
        yield process


@pytest.fixture(params=list(ONLY), ids=list(ONLY))
def only(request: pytest.FixtureRequest) -> str:
    """A model that speaks one API alone, each in turn."""
    return ONLY[request.param]
