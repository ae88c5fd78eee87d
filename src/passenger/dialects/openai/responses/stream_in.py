"""Copilot's `/responses` stream as events.

Its ids change with every event, so items and their parts are known by their position alone (`output_index`,
`content_index`, `summary_index`).

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Delta, Event, Finish, PartKind, Reason, Start
from passenger.chat.prompt import Prompt, Signature
from passenger.chat.stop_sequences import StopFilter
from passenger.dialects.citations import Citations
from passenger.dialects.copilot_errors import bad_event, incomplete, unreadable_event
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai.responses.errors import read_end_failure, read_failure
from passenger.dialects.openai.responses.part_sequencer import OpenPart, PartSequencer
from passenger.dialects.openai.responses.request_out import NamespacedNames
from passenger.dialects.openai.responses.stream_events import (
    TEXTS,
    OutputItem,
    ResponseObject,
    StreamEvent,
    TextPart,
    read_event,
    read_usage,
    refuse_untyped,
)
from passenger.dialects.openai.responses.web_search_item import SEARCH, read_search
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure
from passenger.jsontext.surrogates import join_surrogates

_CONTENT = 1_000_000
"""Added to the index of a text of reasoning's `content`, to tell it from the texts of its `summary`."""

CALLS = {"function_call": False, "custom_tool_call": True}
"""The types of items that are calls, and whether of a custom tool."""

_TEXT_DELTA = "response.output_text.delta"

_ESSENTIAL = frozenset({"message", *CALLS})
"""The types of items without which an answer would be another."""

ENDS = frozenset({"response.completed", "response.incomplete"})
"""The types of the events that end a complete answer."""


class Reader:
    """Reads one streamed answer."""

    def __init__(self, prompt: Prompt, capabilities: Capabilities) -> None:
        self._names = NamespacedNames(prompt.tools)
        self._origin = f"responses/{capabilities.vendor}"
        self._stop = StopFilter(prompt.stop) if any(prompt.stop) else None
        self._parts = PartSequencer()
        self._citations = Citations()
        self._pairs = SurrogatePairs(TEXTS)
        self._searched: set[int] | None = None if prompt.web_search is None else set()
        """The items whose searches were read; None where no search is offered, so that none is read."""
        self._started = False
        self._done = False

    def read(self, message: StreamMessage) -> Iterable[Event]:
        """See `dialects.Reader`."""
        event = None if self._done else read_event(message.data, self._pairs)
        if event is None:
            return iter(())
        if event.type == _TEXT_DELTA and self._stop is None and not self._pairs.torn and self._passes(event):
            return (Delta(event.delta or ""),)
        if not event.type:
            refuse_untyped(event)
        events = self._pairs.join(self._events(event))
        return events if self._stop is None else self._cut_at_stop(self._stop, events)

    def _passes(self, event: StreamEvent) -> bool:
        """Whether an event only adds text to the part that is being sent, as nearly all do."""
        return self._parts.pass_on((event.output_index, event.content_index), event.delta)

    def end(self) -> Iterator[Event]:
        """See `dialects.Reader`."""
        if self._done:
            return
        if self._stop is None or self._stop.met is None:
            raise incomplete()
        yield self._stop.finish()

    def _cut_at_stop(self, stop: StopFilter, events: Iterable[Event]) -> Iterator[Event]:
        """The events up to a stop sequence. A failure after it is ignored."""
        try:
            for event in events:
                yield from stop.apply(event)
        except Failure:
            if stop.met is None:
                raise
            self._done = True
            yield stop.finish()

    def _events(self, event: StreamEvent) -> Iterator[Event]:
        if event.type in ENDS:
            yield from self._terminate(event)
            return
        if (failure := read_failure(event)) is not None:
            raise failure.but()
        if not self._started:
            yield self._start(event.response)
        if (handle := self._HANDLERS.get(event.type)) is not None:
            handle(self, event)
            yield from self._parts.drain()

    def _start(self, response: ResponseObject | None) -> Start:
        self._started = True
        return Start((response.model if response else None) or "")

    # --- events of a part ----------------------------------------------------------------------------------------

    def _content(self, event: StreamEvent, kind: PartKind) -> OpenPart:
        return self._parts.at((event.output_index, event.content_index), kind)

    def _reasoning(self, event: StreamEvent) -> OpenPart:
        return self._parts.at((event.output_index, 0), "reasoning")

    def _call(self, event: StreamEvent) -> OpenPart:
        return self._parts.at((event.output_index, 0), "call")

    def _on_annotation(self, event: StreamEvent) -> None:
        self._content(event, "text").cited += self._citations.page(event.annotation)

    def _on_content_added(self, event: StreamEvent) -> None:
        if event.part is not None:
            self._read_content(event.output_index, event.content_index, event.part)

    def _on_content_done(self, event: StreamEvent) -> None:
        if event.part is not None and (part := self._read_content(event.output_index, event.content_index, event.part)):
            part.closed = True

    def _on_summary_delta(self, event: StreamEvent) -> None:
        self._reasoning(event).add(event.delta, event.summary_index)

    def _on_summary_done(self, event: StreamEvent) -> None:
        self._reasoning(event).complete(event.text, event.summary_index)

    def _on_summary_part(self, event: StreamEvent) -> None:
        if event.part is not None:
            self._reasoning(event).add_rest(event.part.text, event.summary_index)

    def _on_reasoning_delta(self, event: StreamEvent) -> None:
        self._reasoning(event).add(event.delta, _CONTENT + event.content_index)

    def _on_reasoning_done(self, event: StreamEvent) -> None:
        self._reasoning(event).complete(event.text, _CONTENT + event.content_index)

    def _on_arguments_done(self, event: StreamEvent) -> None:
        self._call(event).complete(event.input if event.arguments is None else event.arguments)

    # --- items ---------------------------------------------------------------------------------------------------

    def _on_item_added(self, event: StreamEvent) -> None:
        if event.item is None:
            return
        if event.item.type == "message":
            self._parts.announce(event.output_index)
        if (event.item.type == "reasoning" or event.item.type in CALLS) and not event.item.odd:
            self._read_item(event.output_index, event.item)

    def _on_item_done(self, event: StreamEvent) -> None:
        if event.item is not None:
            self._read_item(event.output_index, event.item)
            self._parts.finish(event.output_index)

    def _read_item(self, index: int, item: OutputItem) -> None:
        """Add what no event has brought of an item; fail where it cannot be read. Items of hosted tools are ignored."""
        if item.odd and item.type in _ESSENTIAL and not any(at[0] == index for at in self._parts.parts):
            raise unreadable_event(f"an item of type {item.type} has a field of another type")
        if item.type == "message":
            for content_index, content in enumerate(item.content or ()):
                self._read_content(index, content_index, content)
        elif item.type == "reasoning":
            self._read_reasoning(self._parts.at((index, 0), "reasoning"), item)
        elif item.type in CALLS:
            self._read_call(self._parts.at((index, 0), "call"), item)
        elif item.type == SEARCH:
            self._read_search(index, item)

    def _read_content(self, index: int, content_index: int, content: TextPart) -> OpenPart | None:
        if content.type == "refusal":
            part = self._parts.at((index, content_index), "refusal")
            part.add_rest(content.refusal)
            return part
        if content.type == "output_text":
            part = self._parts.at((index, content_index), "text")
            part.add_rest(content.text)
            part.cited += self._citations.pages(content.annotations)
            return part
        return None

    def _read_reasoning(self, part: OpenPart, item: OutputItem) -> None:
        for index, text in enumerate(item.summary or ()):
            part.add_rest(text.text, index)
        for index, text in enumerate(item.content or ()):
            part.add_rest(text.text, _CONTENT + index)
        if item.encrypted_content:
            part.signature = Signature(self._origin, item.encrypted_content)

    def _read_call(self, part: OpenPart, item: OutputItem) -> None:
        if item.name and item.call_id and not part.sent:
            tool = self._names.to_client(item.name, item.namespace)
            start = replace(part.start, id=item.call_id, name=tool.name, custom=CALLS[item.type])
            part.start = replace(start, namespace=tool.namespace or item.namespace)
        part.add_rest(item.input if item.type == "custom_tool_call" else item.arguments)

    def _read_search(self, index: int, item: OutputItem) -> None:
        """Add a search that upstream has made, once."""
        if self._searched is not None and index not in self._searched and (found := read_search(item, index)):
            self._searched.add(index)
            self._parts.insert(index, found)

    # --- the end -------------------------------------------------------------------------------------------------

    def _terminate(self, event: StreamEvent) -> Iterator[Event]:
        response = event.response or ResponseObject()
        if (failure := read_end_failure(response)) is not None:
            raise failure.but()
        if not self._started:
            yield self._start(response)
        self._read_output(response)
        self._check_text(response)
        self._parts.close()
        yield from self._parts.drain()
        self._done = True
        yield Finish(self._reason(event, response), read_usage(response, event.copilot_usage))

    def _read_output(self, response: ResponseObject) -> None:
        """Add the kinds of items that no event has brought from the whole answer."""
        found = {part.kind for part in self._parts.parts.values()}
        for index, item in enumerate(response.output or ()):
            kinds = {"message": {"text", "refusal"}, "reasoning": {"reasoning"}}.get(item.type, {"call"})
            if item.type == SEARCH or not kinds & found:
                self._read_item(index, item)

    def _check_text(self, response: ResponseObject) -> None:
        """Fail where the text of the whole answer, if it is there, differs from that of the events."""
        messages = [item for item in response.output or () if item.type == "message"]
        contents = [content for message in messages for content in message.content or ()]
        text = "".join(content.text or "" for content in contents if content.type == "output_text")
        if text and text not in {streamed := self._parts.text(), join_surrogates(streamed)}:
            raise bad_event("another text at its end than in its pieces")

    def _reason(self, event: StreamEvent, response: ResponseObject) -> Reason:
        if event.type == "response.incomplete":
            why = response.incomplete_details.reason if response.incomplete_details else None
            return Reason.FILTER if why == "content_filter" else Reason.LENGTH
        kinds = {part.kind for part in self._parts.parts.values()}
        if "call" in kinds:
            return Reason.TOOL
        return Reason.REFUSAL if "refusal" in kinds else Reason.END

    _HANDLERS: ClassVar[dict[str, Callable[["Reader", StreamEvent], None]]] = {
        _TEXT_DELTA: lambda self, event: self._content(event, "text").add(event.delta),
        "response.output_text.done": lambda self, event: self._content(event, "text").complete(event.text),
        "response.output_text.annotation.added": _on_annotation,
        "response.refusal.delta": lambda self, event: self._content(event, "refusal").add(event.delta),
        "response.refusal.done": lambda self, event: self._content(event, "refusal").complete(event.refusal),
        "response.content_part.added": _on_content_added,
        "response.content_part.done": _on_content_done,
        "response.reasoning_summary_part.added": _on_summary_part,
        "response.reasoning_summary_part.done": _on_summary_part,
        "response.reasoning_summary_text.delta": _on_summary_delta,
        "response.reasoning_summary_text.done": _on_summary_done,
        "response.reasoning_text.delta": _on_reasoning_delta,
        "response.reasoning_text.done": _on_reasoning_done,
        "response.function_call_arguments.delta": lambda self, event: self._call(event).add(event.delta),
        "response.function_call_arguments.done": _on_arguments_done,
        "response.custom_tool_call_input.delta": lambda self, event: self._call(event).add(event.delta),
        "response.custom_tool_call_input.done": _on_arguments_done,
        "response.output_item.added": _on_item_added,
        "response.output_item.done": _on_item_done,
    }
