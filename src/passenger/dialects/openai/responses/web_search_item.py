"""A web search and what it found, written as an item of an answer and read as a call in a history.

https://platform.openai.com/docs/guides/tools-web-search#output-and-citations
"""

from collections.abc import Iterator

import msgspec

from passenger.chat.events import SearchCall, SearchDone
from passenger.chat.prompt import JSON, Text, ToolCall, ToolResult
from passenger.chat.web_search import TOOL_NAME
from passenger.dialects.openai.responses.output_items import EventFields
from passenger.jsontext.node import JsonNode


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
        return {"id": self._id, "type": "web_search_call", "status": self._status, "action": self._action}

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


def read_searched(item: JsonNode) -> tuple[ToolCall, ToolResult] | None:
    """A search of an earlier turn as a call of a function and its result; None where it tells no pages."""
    match item.get("action"):
        case {"type": "search", "query": str(query), "sources": [_, *_] as sources}:
            urls = [
                source["url"] for source in sources if isinstance(source, dict) and isinstance(source.get("url"), str)
            ]
        case _:
            return None
    call_id = item.text("id")
    if not urls or not call_id:
        return None
    arguments = msgspec.json.encode({"query": query}).decode()
    return ToolCall(call_id, TOOL_NAME, arguments), ToolResult(call_id, (Text("\n".join(urls)),))
