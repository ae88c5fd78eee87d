from typing import Any

import pytest
from openai.types.responses import ResponseFunctionWebSearch, ResponseStreamEvent, WebSearchTool
from pydantic import TypeAdapter

from passenger.chat.events import Answer, Citation, Reason, SearchCall, SearchDone, unfold
from passenger.chat.prompt import Message, Text, ToolCall, ToolResult
from passenger.chat.web_search import SearchError, SearchResult
from tests.dialects.openai.responses.asking import prompt
from tests.dialects.openai.responses.test_answer_out import decoded, last_response, written

PAGE = SearchResult("https://a.example", "A")
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def searched(error: SearchError | None = None) -> Answer:
    found = SearchDone("1", () if error else (PAGE,), error)
    cited = ((2, Citation(PAGE.url, "A", None, 0, 2)),)
    return Answer("m", (SearchCall("1", "rain"), found, Text("It rained.")), Reason.END, citations=cited)


def test_a_search_is_an_item_with_the_events_of_openais_own() -> None:
    told = decoded(written(list(unfold(searched()))))
    of_search = [event for event in told if event.get("output_index") == 0]
    assert [event["type"] for event in of_search] == [
        "response.output_item.added",
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
        "response.output_item.done",
    ]
    assert len({event.get("item_id", event.get("item", {}).get("id")) for event in of_search}) == 1
    assert [event["sequence_number"] for event in told] == [*range(len(told))]
    for event in of_search:
        EVENT.validate_python(event)
    item = ResponseFunctionWebSearch.model_validate(last_response(searched())["output"][0])
    assert item.id.startswith("ws_")
    assert (item.status, item.action.type) == ("completed", "search")
    assert item.action.to_dict() == {
        "type": "search",
        "query": "rain",
        "queries": ["rain"],
        "sources": [{"type": "url", "url": PAGE.url}],
    }
    message = last_response(searched())["output"][1]
    assert [one["url"] for one in message["content"][0]["annotations"]] == [PAGE.url]


def test_a_search_that_failed_is_an_item_that_failed() -> None:
    told = decoded(written(list(unfold(searched("unavailable")))))
    assert "response.web_search_call.completed" not in [event["type"] for event in told]
    assert last_response(searched("unavailable"))["output"][0]["status"] == "failed"


def test_a_search_of_an_earlier_turn_is_a_call_and_its_result() -> None:
    searched_, said = last_response(searched())["output"]
    asked = prompt(input=[{"role": "user", "content": "hi"}, searched_, said, {"role": "user", "content": "on"}])
    assert asked.dropped == ()
    _, called, found, told, _ = asked.messages
    assert called.parts == (ToolCall(searched_["id"], "web_search", '{"query":"rain"}'),)
    assert found == Message("user", (ToolResult(searched_["id"], (Text(PAGE.url),)),))
    assert told.parts == (Text("It rained."),)


@pytest.mark.parametrize(
    "action",
    [
        None,
        "search",
        {"type": "search", "query": "rain"},
        {"type": "search", "query": 1, "sources": [{"url": "https://a.example"}]},
        {"type": "search", "query": "rain", "sources": [{"url": 1}, 5]},
        {"type": "open_page", "url": "https://a.example"},
    ],
)
def test_a_search_that_tells_no_pages_is_left_out_by_name(action: object) -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action}
    assert prompt(input=[{"role": "user", "content": "hi"}, item]).dropped == ("input[web_search_call]",)


def test_the_search_is_repeated_as_it_was_offered() -> None:
    place = {"type": "approximate", "city": "Berlin", "region": None, "country": "DE", "timezone": None}
    offered = {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}, "user_location": place}
    (told,) = last_response(searched(), prompt(tools=[offered]))["tools"]
    assert WebSearchTool.model_validate(told).to_dict(exclude_none=True) == {
        "type": "web_search",
        "filters": {"allowed_domains": ["a.example"]},
        "search_context_size": "medium",
        "user_location": {"type": "approximate", "city": "Berlin", "country": "DE"},
    }
    (bare,) = last_response(searched(), prompt(tools=[{"type": "web_search_preview"}]))["tools"]
    assert (bare["filters"], bare["user_location"]) == (None, None)
