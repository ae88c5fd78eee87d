"""Searches that were made in earlier turns: calls of a function and their results."""

from typing import Any

import pytest

from passenger.chat.events import SearchCall, SearchDone
from passenger.chat.prompt import Message, Text, ToolCall, ToolResult
from passenger.chat.web_search import SearchResult
from passenger.dialects.anthropic.web_search_in import has_search, split_searches
from passenger.dialects.anthropic.web_search_out import write_results, write_search
from tests.dialects.anthropic.test_request_in import prompt

USER = {"role": "user", "content": "go"}
CALL = write_search(SearchCall("1", "rain"))
PAGES = (SearchResult("https://a.example", "A", "2 days ago", "It rained."), SearchResult("https://b.example"))
FOUND = write_results(SearchDone("1", PAGES))
SAID = {"type": "text", "text": "It rained."}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": [*blocks]}


def test_a_search_is_a_call_and_its_result_which_has_all_that_was_found() -> None:
    asked = prompt(messages=[USER, assistant({"type": "text", "text": "Wait."}, CALL, FOUND, SAID), USER])
    assert asked.dropped == ()
    _, called, found, said, _ = asked.messages
    assert called.parts == (Text("Wait."), ToolCall("srvtoolu_1", "web_search", '{"query":"rain"}'))
    assert found == Message(
        "user",
        (
            ToolResult(
                "srvtoolu_1",
                (Text("A\nhttps://a.example\n2 days ago\nIt rained.\n\nhttps://b.example"),),
            ),
        ),
    )
    assert said == Message("assistant", (Text("It rained."),))


def test_a_search_that_failed_is_a_result_that_failed() -> None:
    failed = write_results(SearchDone("1", error="unavailable"))
    asked = prompt(messages=[USER, assistant(CALL, failed), USER])
    assert asked.messages[2].parts == (ToolResult("srvtoolu_1", (Text("The search failed: unavailable"),), error=True),)


def test_several_searches_have_their_results_together_or_one_after_the_other() -> None:
    other, found = write_search(SearchCall("2", "sun")), write_results(SearchDone("2"))
    together = list(split_searches(assistant(CALL, FOUND, other, found, SAID)))
    assert [len(message["content"]) for message in together] == [2, 2, 1]
    apart = list(split_searches(assistant(CALL, FOUND, SAID, other, found)))
    assert [message["role"] for message in apart] == ["assistant", "user", "assistant", "user"]
    assert apart[3]["content"][0]["content"] == [{"type": "text", "text": "Nothing was found."}]


def test_halves_of_a_search_are_left_out_and_other_tools_of_servers_stay() -> None:
    code = {"type": "server_tool_use", "id": "3", "name": "code_execution", "input": {}}
    assert list(split_searches(assistant(CALL, SAID))) == [assistant(SAID)]
    assert list(split_searches(assistant(FOUND, SAID))) == [assistant(SAID)]
    assert list(split_searches(assistant(CALL))) == []
    assert next(split_searches(assistant(code, CALL, FOUND)))["content"][0] == code
    assert not has_search([code])
    assert not has_search("text")


@pytest.mark.parametrize(
    "odd",
    [
        {**CALL, "id": 1},
        {**CALL, "input": []},
        {**FOUND, "tool_use_id": {}},
        {**FOUND, "content": "x"},
        {**FOUND, "content": [1, {"title": 2, "encrypted_content": 3}]},
        {**FOUND, "content": {"error_code": ["x"]}},
        {"type": "server_tool_use", "name": "web_search"},
    ],
)
def test_odd_shapes_are_never_an_error(odd: dict[str, Any]) -> None:
    for blocks in ((odd, FOUND), (CALL, odd)):
        for message in split_searches(assistant(*blocks)):
            assert all(block["type"] in {"tool_use", "tool_result"} for block in message["content"])


def test_breakpoints_stay() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    first, second = split_searches(assistant(CALL, {**FOUND, **mark}))
    assert "cache_control" not in first["content"][0]
    assert second["content"][0]["cache_control"] == mark["cache_control"]
