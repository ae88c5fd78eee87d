"""Writes a web search and what it found as an item of an answer.

https://platform.openai.com/docs/guides/tools-web-search#output-and-citations
"""

from collections.abc import Iterator

from passenger.chat.events import SearchCall, SearchDone
from passenger.chat.prompt import JSON
from passenger.dialects.openai.responses.output_items import EventFields


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
