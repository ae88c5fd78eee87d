from typing import Any

import pytest

from passenger.simulator.caching import LEAST, LOOK_BACK, NOTHING_CACHED, Cached, PromptCache, least_of, prefixes
from tests.simulator.client import Client

CLAUDE = "claude-sonnet-4.5"
MARK = {"type": "ephemeral"}
LONG = "x" * 4 * LEAST


def units(*sizes: int, marks: dict[int, Any]) -> list[tuple[Any, int, object]]:
    return [({"n": index}, size, marks.get(index)) for index, size in enumerate(sizes)]


def used(cache: PromptCache, *sizes: int, marks: dict[int, Any]) -> Cached:
    return cache.use("model", prefixes(units(*sizes, marks=marks), "cache_control"))


def test_a_marked_prefix_is_written_once_and_then_read() -> None:
    cache = PromptCache()
    assert used(cache, 2000, 50, marks={0: MARK}) == Cached(written_5m=2000)
    assert used(cache, 2000, 50, marks={0: MARK}) == Cached(read=2000)


def test_a_longer_conversation_reads_what_an_earlier_mark_kept() -> None:
    cache = PromptCache()
    used(cache, 1500, 100, marks={1: MARK})
    assert used(cache, 1500, 100, 300, 20, marks={2: MARK}) == Cached(read=1600, written_5m=300)


def test_each_lifetime_is_counted_for_itself() -> None:
    marks = {0: MARK | {"ttl": "1h"}, 1: MARK}
    assert used(PromptCache(), 2000, 500, marks=marks) == Cached(written_5m=500, written_1h=2000)


def test_short_prefixes_and_prompts_without_marks_are_not_kept() -> None:
    cache = PromptCache()
    assert used(cache, LEAST - 1, marks={0: MARK}) == used(cache, 5000, marks={}) == NOTHING_CACHED


def test_another_model_and_another_text_know_nothing_of_it() -> None:
    cache = PromptCache()
    used(cache, 2000, marks={0: MARK})
    assert cache.use("other", prefixes(units(2000, marks={0: MARK}), "cache_control")).read == 0
    assert cache.use("model", prefixes([({"n": "else"}, 2000, MARK)], "cache_control")).read == 0


def test_the_marker_is_no_part_of_the_text() -> None:
    one, other = prefixes([({"a": 1, "m": MARK}, 5, MARK)], "m"), prefixes([({"a": 1}, 5, None)], "m")
    assert one[0].digest == other[0].digest


async def test_messages_tell_what_was_written_and_what_was_read(client: Client) -> None:
    system = [{"type": "text", "text": LONG, "cache_control": MARK | {"ttl": "1h"}}]
    first, again = [(await client.messages(model=CLAUDE, system=system)).json() for _ in range(2)]
    bill = {row["token_type"]: row["token_count"] for row in again["copilot_usage"]["token_details"]}
    assert first["usage"]["cache_creation"] == {"ephemeral_1h_input_tokens": LEAST, "ephemeral_5m_input_tokens": 0}
    assert first["usage"]["cache_creation_input_tokens"] == again["usage"]["cache_read_input_tokens"] == LEAST
    assert again["usage"]["cache_creation_input_tokens"] == 0
    assert again["usage"]["input_tokens"] == first["usage"]["input_tokens"] == bill["input"] < 10
    assert (bill["cache_read"], bill["cache_write"]) == (LEAST, 0)


async def test_chat_tells_claudes_cached_tokens_when_a_message_is_marked(client: Client) -> None:
    marked = {"role": "system", "content": LONG, "copilot_cache_control": MARK}
    messages = [marked, {"role": "user", "content": "Hi"}]
    answers = [(await client.chat(model=CLAUDE, messages=messages)).json() for _ in range(2)]
    cached = [answer["usage"]["prompt_tokens_details"]["cached_tokens"] for answer in answers]
    assert cached == [0, LEAST + 3]
    rows = {row["token_type"]: row["token_count"] for row in answers[1]["copilot_usage"]["token_details"]}
    assert rows["input"] + rows["cache_read"] == answers[1]["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    "holder", [{"role": "user", "content": [{"type": "text", "text": LONG, "copilot_cache_control": MARK}]}, None]
)
async def test_a_mark_on_a_part_or_a_tool_is_one_too(client: Client, holder: dict[str, Any] | None) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": LONG}}
    more = {"messages": [holder]} if holder else {"tools": [tool | {"copilot_cache_control": MARK}]}
    for cached in (False, True):
        usage = (await client.chat("Hi", model=CLAUDE, **more)).json()["usage"]
        assert bool(usage["prompt_tokens_details"]["cached_tokens"]) is cached


async def test_chat_bills_what_claude_writes_to_its_cache(client: Client) -> None:
    messages = [{"role": "user", "content": LONG, "copilot_cache_control": MARK}]
    bill = (await client.chat(model=CLAUDE, messages=messages)).json()["copilot_usage"]
    rows = {row["token_type"]: row["token_count"] for row in bill["token_details"]}
    assert (rows["cache_write"], rows["input"], rows["cache_read"]) == (LEAST + 3, 0, 0)


@pytest.mark.parametrize("model", ["gpt-5.1", "gemini-2.5-pro"])
async def test_the_other_vendors_cache_by_themselves_and_charge_nothing_for_it(client: Client, model: str) -> None:
    first, again = [(await client.chat(LONG, model=model)).json() for _ in range(2)]
    cached = [answer["usage"]["prompt_tokens_details"]["cached_tokens"] for answer in (first, again)]
    assert cached == [0, first["usage"]["prompt_tokens"]]
    assert {row["token_type"] for row in first["copilot_usage"]["token_details"]} == {"input", "cache_read", "output"}


@pytest.mark.parametrize(
    ("between", "marks", "read"),
    [(LOOK_BACK - 1, {}, 2000), (LOOK_BACK, {}, 0), (LOOK_BACK, {0: MARK}, 2000)],
)
def test_what_was_kept_more_blocks_before_a_mark_is_not_found(between: int, marks: dict[int, Any], read: int) -> None:
    cache = PromptCache()
    used(cache, 2000, marks={0: MARK})
    assert used(cache, 2000, *[5] * between, 5, marks=marks | {between + 1: MARK}).read == read


@pytest.mark.parametrize(
    ("model", "least"), [("claude-sonnet-4.5", 1024), ("claude-sonnet-4.6", 2048), ("claude-opus-4.6-1m", 4096)]
)
def test_each_claude_has_a_minimum_of_its_own(model: str, least: int) -> None:
    assert least_of(model) == least
    cache = PromptCache()
    for size in (least - 1, least):
        found = prefixes(units(size, marks={0: MARK}), "m")
        assert cache.use(model, found).written == (size if size == least else 0)


async def test_responses_need_no_marker(client: Client) -> None:
    answers = [(await client.responses("Hi", instructions=LONG)).json()["usage"] for _ in range(2)]
    assert [usage["input_tokens_details"]["cached_tokens"] for usage in answers] == [0, answers[0]["input_tokens"]]


@pytest.mark.parametrize("mark", [None, "ephemeral", 7])
def test_what_is_no_marker_keeps_nothing(mark: object) -> None:
    assert prefixes([({}, 5000, mark)], "m")[0].kept is None
