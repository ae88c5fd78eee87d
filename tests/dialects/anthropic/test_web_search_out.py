import json
from typing import Any

from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.events import Answer, Citation, Reason, SearchCall, SearchDone, Usage
from passenger.chat.prompt import Reasoning, Text
from passenger.chat.web_search import SearchResult
from tests.dialects.anthropic.test_answer_out import streamed, whole

PAGE = SearchResult("https://a.example/x", "A page", "2 days ago", "It rained.")
BARE = SearchResult("https://b.example")
SEARCHED = Answer(
    "claude",
    (Reasoning("hm"), SearchCall("1", "rain"), SearchDone("1", (PAGE, BARE)), Text("It rained.")),
    Reason.END,
    Usage(1, 2),
    citations=((3, Citation(PAGE.url, PAGE.title, None, 0, 10, "rained")), (3, Citation("https://c.example"))),
)


def blocks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks that a client builds of a stream."""
    found: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(found)
            found.append(event["content_block"])
        elif event["type"] == "content_block_delta":
            match event["delta"]:
                case {"type": "input_json_delta", "partial_json": str(words)}:
                    found[-1]["input"] = json.loads(words)
                case {"type": "citations_delta", "citation": dict(cited)}:
                    found[-1].setdefault("citations", []).append(cited)
                case {"type": "text_delta", "text": str(words)}:
                    found[-1]["text"] += words
                case {"type": "thinking_delta", "thinking": str(words)}:
                    found[-1]["thinking"] += words
                case {"type": "signature_delta", "signature": str(words)}:
                    found[-1]["signature"] += words
                case other:
                    raise AssertionError(other)
    return found


def test_a_search_is_the_blocks_of_anthropics_own_streamed_as_whole() -> None:
    told = whole(SEARCHED)
    events = streamed(SEARCHED)
    assert blocks(events) == told["content"]
    _, search, found, text = told["content"]
    assert search == {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "rain"}}
    assert (found["type"], found["tool_use_id"]) == ("web_search_tool_result", "srvtoolu_1")
    first, second = found["content"]
    assert {name: first[name] for name in ("type", "url", "title", "page_age")} == {
        "type": "web_search_result",
        "url": PAGE.url,
        "title": "A page",
        "page_age": "2 days ago",
    }
    assert signatures.unwrap_reasoning(first["encrypted_content"]).text == "It rained."
    assert (second["encrypted_content"], second["page_age"]) == ("", None)
    assert [(one["type"], one["url"], one["cited_text"]) for one in text["citations"]] == [
        ("web_search_result_location", PAGE.url, "rained"),
        ("web_search_result_location", "https://c.example", ""),
    ]
    assert told["usage"]["server_tool_use"]["web_search_requests"] == 1
    assert next(event for event in events if event["type"] == "message_delta")["usage"] == told["usage"]


def test_a_search_that_failed_says_why_and_an_id_keeps_its_prefix() -> None:
    parts = (SearchCall("srvtoolu_a", "rain"), SearchDone("srvtoolu_a", error="unavailable"))
    failed = replace(SEARCHED, parts=parts, citations=())
    told = whole(failed)["content"]
    assert [block.get("id", block.get("tool_use_id")) for block in told] == ["srvtoolu_a", "srvtoolu_a"]
    assert told[1]["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    assert blocks(streamed(failed)) == told


def test_an_answer_without_a_search_counts_none() -> None:
    assert "server_tool_use" not in whole(Answer("claude", (Text("Hi."),), Reason.END, Usage(1, 2)))["usage"]
