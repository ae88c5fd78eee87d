"""A web search and what it found, written as an item of an answer and read as a call in a history.

https://platform.openai.com/docs/guides/tools-web-search#output-and-citations
"""

import hashlib
from collections.abc import Iterator

import msgspec

from passenger.chat.events import SearchCall, SearchDone
from passenger.chat.prompt import JSON, Text, ToolCall, ToolResult
from passenger.chat.web_search import TOOL_NAME, SearchResult
from passenger.dialects.openai.responses.output_items import EventFields
from passenger.dialects.openai.responses.stream_events import OutputItem
from passenger.jsontext.node import JsonNode

SEARCH = "web_search_call"
"""The type of the item."""


class SearchItem:
    """A `web_search_call` that is being written. Its sources are the pages that the search found."""

    def __init__(self, item_id: str, index: int, call: SearchCall) -> None:
        self._position = {"output_index": index, "item_id": item_id}
        self._action: JSON = {"type": "search", "query": call.query, "queries": [call.query]}
        self._id = item_id
        self._status = "in_progress"

    @property
    def item(self) -> JSON:
        """The item so far."""
        return {"id": self._id, "type": SEARCH, "status": self._status, "action": self._action}

    def begin(self) -> Iterator[EventFields]:
        """The events that open it."""
        yield "response.output_item.added", {"output_index": self._position["output_index"], "item": self.item}
        yield "response.web_search_call.in_progress", {**self._position}
        yield "response.web_search_call.searching", {**self._position}

    def end(self, done: SearchDone) -> Iterator[EventFields]:
        """The events that close it."""
        self._status = "completed" if done.error is None else "failed"
        self._action["sources"] = [{"type": "url", "url": result.url} for result in done.results]
        if done.error is None:
            yield "response.web_search_call.completed", {**self._position}
        yield "response.output_item.done", {"output_index": self._position["output_index"], "item": self.item}


def read_search(item: OutputItem, index: int) -> tuple[SearchCall, SearchDone] | None:
    """A search that upstream has made, with its sources where it tells them; None for what else it did on the web.

    Upstream's ids change with every event; the last one of an item gives an id that no other turn has.
    """
    if not isinstance(item.action, dict) or item.action.get("type") != "search":
        return None
    queries = item.action.get("queries")
    texts = [item.action.get("query"), *(queries if isinstance(queries, list) else ())]
    query = next((text for text in texts if isinstance(text, str) and text), "")
    search_id = hashlib.sha256(f"{item.id}/{index}".encode("utf-8", "replace")).hexdigest()[:24]
    found = tuple(SearchResult(url) for url in _urls(item.action.get("sources")))
    failed = item.status == "failed"
    return SearchCall(search_id, query), SearchDone(search_id, found, "unavailable" if failed else None)


def _urls(sources: object) -> list[str]:
    given = sources if isinstance(sources, list) else []
    return [source["url"] for source in given if isinstance(source, dict) and isinstance(source.get("url"), str)]


def read_searched(item: JsonNode) -> tuple[ToolCall, ToolResult] | None:
    """A search of an earlier turn as a call of a function and its result; None where it tells no pages."""
    match item.get("action"):
        case {"type": "search", "query": str(query), "sources": sources}:
            urls = _urls(sources)
        case _:
            return None
    call_id = item.text("id")
    if not urls or not call_id:
        return None
    arguments = msgspec.json.encode({"query": query}).decode()
    return ToolCall(call_id, TOOL_NAME, arguments), ToolResult(call_id, (Text("\n".join(urls)),))
