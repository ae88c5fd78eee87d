"""The real GitHub and Copilot, on your own login: it costs credits, so it runs only when asked for by its marker.

Nothing of yours is overwritten: the Copilot token is kept in a file of the test's own.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.contract.lazily import Lazy
from tests.proxy import STARTED, Proxy, eventually, spawn

if TYPE_CHECKING:
    import openai
    from openai.types import Model
else:
    openai = Lazy("openai")

pytestmark = [pytest.mark.account, pytest.mark.asyncio(loop_scope="module")]

QUESTION = "Answer with the one word PONG."
PREFERRED = "gpt-4o"
NAMES = ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "XDG_CONFIG_HOME")
LEVEL = "PASSENGER_LOG"
"""Is left out: the tests read the start line, which is in the log."""


def settings() -> dict[str, str]:
    """What the environment says about your login and your settings, and where your config directory is."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("PASSENGER_") and name != LEVEL}
    return ours | {name: os.environ[name] for name in NAMES if name in os.environ}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    """The real proxy on your login."""
    token = tmp_path_factory.mktemp("token") / "token.json"
    proxy = await spawn(Path.home(), ["--port", "0", "--copilot-token-path", str(token)], settings())
    try:
        proxy.url = await eventually(lambda: address(proxy))
        yield proxy
    finally:
        if proxy.process.returncode is None:
            proxy.signal(15)
        await proxy.ended()


def address(proxy: Proxy) -> str | None:
    if proxy.process.returncode is not None:
        pytest.fail("these tests need your login; the proxy has ended: " + "\n".join(proxy.lines))
    return next((found[1] for line in proxy.lines if (found := STARTED.search(line))), None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(own: Proxy) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official SDK, which tries nothing twice."""
    async with openai.AsyncOpenAI(base_url=f"{own.url}/v1", api_key="anything", max_retries=0) as sdk:
        yield sdk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(client: openai.AsyncOpenAI) -> list[Model]:
    return [model async for model in client.models.list()]


@pytest.fixture
def model(models: list[Model]) -> str:
    """`gpt-4o`, or your account's default model where there is no such one."""
    ids = [model.id for model in models]
    default = (model.id for model in models if getattr(model, "is_chat_default", False))
    return PREFERRED if PREFERRED in ids else next(default, ids[0])


async def test_there_is_a_login_and_the_start_line_names_where_it_is_from(own: Proxy) -> None:
    line = await own.said("Passenger serves")
    assert "(login from " in line


async def test_the_login_is_exchanged_for_a_token_in_a_private_file(own: Proxy, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    refresh = await spawn(own.home, ["refresh", "--copilot-token-path", str(path)], settings())
    assert await refresh.ended() == 0, refresh.lines
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_account_has_models_in_openai_s_shape(models: list[Model]) -> None:
    assert models
    assert len({model.id for model in models}) == len(models)
    assert {model.object for model in models} == {"model"}
    assert all(model.owned_by for model in models)


async def test_a_model_answers(client: openai.AsyncOpenAI, model: str) -> None:
    answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": QUESTION}])
    assert "PONG" in (answer.choices[0].message.content or "")
    assert answer.object == "chat.completion"
    assert answer.created
    assert answer.usage
    assert answer.usage.completion_tokens


async def test_a_stream_comes_in_pieces_and_is_complete(client: openai.AsyncOpenAI, model: str) -> None:
    async with client.chat.completions.stream(model=model, messages=[{"role": "user", "content": QUESTION}]) as stream:
        events = [event.type async for event in stream]
        answer = await stream.get_final_completion()
    assert "content.delta" in events
    assert "PONG" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is None, "usage that nobody asked for is withheld"


async def test_a_model_that_is_not_there_is_a_404_that_names_it(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no-such-model") as caught:
        await client.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": QUESTION}])
    assert caught.value.code == "model_not_found"
