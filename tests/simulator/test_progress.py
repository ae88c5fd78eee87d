from typing import Any

import msgspec
import pytest

from passenger.simulator import Simulator
from passenger.simulator.faults import without_directives
from passenger.simulator.progress import output_made
from passenger.simulator.question import tokens
from passenger.simulator.reply import Event
from tests.simulator.client import Client, Response

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
CALLS = '[[think]] [[call get_weather {"city": "Rome"}]] [[call get_weather {"city": "Reykjavik"}]]'
SAID = ("Hello", "[[think]] Why?", "[[events 30]]", CALLS)


def made(events: list[Any], thinking: int = 0) -> int:
    return output_made([Event(msgspec.json.encode(event)) for event in events], thinking)


def streamed(answer: Response) -> list[Any]:
    return [event for event in answer.events if event != "[DONE]"]


async def check(sim: Simulator, said: str, answer: Response) -> None:
    """What the first events hold never falls, and all of them hold the output that is billed."""
    events, wrote = streamed(answer), len(without_directives(said))
    thought = f"**Reading the question**\n\nThe user wrote {wrote} characters. A plain answer will do.\n\n"
    thinking = tokens(thought) if "[[think]]" in said else 0
    course = [made(events[:count], thinking) for count in range(len(events) + 1)]
    assert course == sorted(course)
    assert (course[0], course[-1]) == (0, sim.bill.rows[-1].counts.output)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("model", ["gpt-5.1", "claude-sonnet-4.6", "gemini-3-pro-preview"])
async def test_the_chunks_of_a_chat_hold_all_that_is_billed(
    sim: Simulator, client: Client, model: str, said: str
) -> None:
    await check(sim, said, await client.chat(said, model=model, stream=True, tools=TOOLS))


@pytest.mark.parametrize("said", SAID)
async def test_the_events_of_a_message_hold_all_that_is_billed(sim: Simulator, client: Client, said: str) -> None:
    tools = [{"name": "get_weather", "input_schema": {"type": "object"}}]
    await check(sim, said, await client.messages(said, stream=True, tools=tools))


@pytest.mark.parametrize("said", SAID)
async def test_the_events_of_a_response_hold_all_that_is_billed(sim: Simulator, client: Client, said: str) -> None:
    tools = [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}]
    more: dict[str, Any] = {"reasoning": {"summary": "auto"}} if "[[think]]" in said else {}
    await check(sim, said, await client.responses(said, stream=True, tools=tools, **more))


async def test_several_choices_are_added_up(sim: Simulator, client: Client) -> None:
    await check(sim, "Hello", await client.chat("Hello", model="gpt-5.1", stream=True, n=3))


def test_thoughts_count_as_they_are_shown_and_whole_with_the_first_word() -> None:
    thought = {"choices": [{"delta": {"reasoning_text": "abcdefgh"}, "index": 0}]}
    word = {"choices": [{"delta": {"content": "word"}, "index": 0}]}
    assert made([thought], 10) == 2
    assert made([thought], 1) == 1
    assert made([thought, word], 10) == 11
    assert made([word], 10) == 11


def test_events_without_words_hold_nothing() -> None:
    events: list[Any] = [
        {"choices": [], "prompt_filter_results": []},
        {"type": "message_start", "message": {}},
        {"type": "response.created", "response": {}},
        {"type": "ping"},
        {"type": "error", "error": {}},
        {"error": {"code": 429}},
    ]
    assert made(events, 7) == 0
