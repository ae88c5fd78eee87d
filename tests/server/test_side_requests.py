"""What Copilot is told of who asks: seen from outside, relayed and translated alike."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.server.bench import Answer, Bench, bench
from tests.side_requests import RECORDED, Recorded

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = ("gpt-4o", "gpt-5.5", "claude-opus-4.6", "gemini-2.5-pro")
"""Models that answer on each of Copilot's APIs, so that each dialect is relayed to one and translated for another."""

every_recording = pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: f"{one.name}-{one.dialect}")


async def sent(one: Bench, recorded: Recorded) -> Answer:
    return await one.send("POST", recorded.path, json=recorded.body, headers=recorded.headers)


async def told(one: Bench, recorded: Recorded) -> str:
    """Who asks, as Copilot was told."""
    one.forget()
    answer = await sent(one, recorded)
    assert answer.status == 200, answer.body
    return one.sim.requests[-1].header("x-initiator") or "nobody"


@every_recording
async def test_a_side_request_is_an_agents_on_every_model(shared: Bench, recorded: Recorded) -> None:
    assert {model: await told(shared, recorded.asking(model)) for model in MODELS} == dict.fromkeys(MODELS, "agent")


@every_recording
async def test_what_was_typed_is_a_persons_on_every_model(shared: Bench, recorded: Recorded) -> None:
    typed = {model: await told(shared, recorded.typed().asking(model)) for model in MODELS}
    assert typed == dict.fromkeys(MODELS, "user")


async def test_the_log_says_what_copilot_was_told(shared: Bench) -> None:
    answer = await sent(shared, RECORDED[0].asking("gpt-4o"))
    assert "initiator=agent" in await shared.line(answer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A server that goes by the last turn alone."""
    config = "[copilot]\nside_requests = false\n"
    async with bench(tmp_path_factory.mktemp("plain"), config=config) as one:
        yield one


async def test_a_setting_switches_the_rules_off(plain: Bench) -> None:
    for recorded in RECORDED:
        assert await told(plain, recorded.asking("gpt-4o")) == "user", recorded.name


async def test_what_a_person_asked_for_itself_is_a_persons(shared: Bench) -> None:
    """A client's word may make a person's of an agent's request, never the reverse."""
    result = [{"role": "user", "content": "List"}, {"role": "assistant", "content": "a.txt"}]
    for turns, word, expected in ((result, "user", "user"), (result[:1], "agent", "user"), (result, "agent", "agent")):
        one = Recorded(
            "", "chat", "/v1/chat/completions", {"x-initiator": word}, {"model": "gpt-4o", "messages": turns}
        )
        assert await told(shared, one) == expected
