"""Copilot's `/responses` stream as events; it hides ids that change with every event, and texts that are said twice.

Items and their parts are known by their place alone (`output_index`, `content_index`, `summary_index`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from msgspec.structs import replace

from passenger.chat import Prompt, Seal
from passenger.dialects.citations import Citations
from passenger.dialects.responses.failures import read_end_failure, read_failure
from passenger.dialects.responses.lane import Lane, Segment
from passenger.dialects.responses.tools_up import Names
from passenger.dialects.responses.wire import (
    TEXTS,
    Item,
    Response,
    StreamEvent,
    TextPart,
    bad_event,
    read_event,
    read_usage,
    refuse_untyped,
)
from passenger.dialects.surrogate_pairs import SurrogatePairs, whole
from passenger.errors import Failure, Kind
from passenger.events import Delta, Event, Finish, PartKind, Reason, Start
from passenger.framing import Message
from passenger.stops import Cut

RAW = 1_000_000
"""Added to the index of a raw thought's text, so that it is told from the texts of its summary."""

CALLS = {"function_call": False, "custom_tool_call": True}
"""The items that are calls, and whether of a custom tool."""

_WORDS = "response.output_text.delta"

SAID = frozenset({"message", *CALLS})
"""The items without which an answer would be another."""

ENDS = frozenset({"response.completed", "response.incomplete"})
"""The events with which an answer is whole."""

BROKEN = "Copilot ended the stream before the answer was complete"


class Reader:
    """Reads one streamed answer."""

    def __init__(self, prompt: Prompt, vendor: str) -> None:
        self._names = Names(prompt.tools)
        self._origin = f"responses/{vendor}"
        self._cut = Cut(prompt.stop) if any(prompt.stop) else None
        self._lane = Lane()
        self._citations = Citations()
        self._pairs = SurrogatePairs(TEXTS)
        self._started = False
        self._done = False

    def read(self, message: Message) -> Iterable[Event]:
        """See `dialects.Reader`."""
        event = None if self._done else read_event(message.data, self._pairs)
        if event is None:
            return iter(())
        if event.type == _WORDS and self._cut is None and not self._pairs.torn and self._is_more(event):
            return (Delta(event.delta or ""),)
        if not event.type:
            refuse_untyped(event)
        events = self._pairs.told(self._events(event))
        return events if self._cut is None else self._shortened(self._cut, events)

    def _is_more(self, event: StreamEvent) -> bool:
        """Whether an event is more words of the open part, and told of nothing else, as nearly all are."""
        return self._lane.pass_on((event.output_index, event.content_index), event.delta)

    def end(self) -> Iterator[Event]:
        """See `dialects.Reader`."""
        if self._done:
            return
        if self._cut is None or self._cut.met is None:
            raise Failure(Kind.UPSTREAM, BROKEN, code="stream_broken")
        yield self._cut.finish()

    def _shortened(self, cut: Cut, events: Iterable[Event]) -> Iterator[Event]:
        """The events without what comes after a stop sequence; nor does a failure after it matter."""
        try:
            for one in events:
                yield from cut.apply(one)
        except Failure:
            if cut.met is None:
                raise
            self._done = True
            yield cut.finish()

    def _events(self, event: StreamEvent) -> Iterator[Event]:
        if event.type in ENDS:
            yield from self._terminate(event)
            return
        if (failure := read_failure(event)) is not None:
            raise failure.but()
        if not self._started:
            yield self._start(event.response)
        if (take := self._TAKES.get(event.type)) is not None:
            take(self, event)
            yield from self._lane.drain()

    def _start(self, response: Response | None) -> Start:
        self._started = True
        return Start((response.model if response else None) or "")

    # --- events that carry a part --------------------------------------------------------------------------------

    def _words(self, event: StreamEvent) -> None:
        self._spoken(event, "text").add(event.delta)

    def _all_words(self, event: StreamEvent) -> None:
        self._spoken(event, "text").settle(event.text)

    def _refusal(self, event: StreamEvent) -> None:
        self._spoken(event, "refusal").add(event.delta)

    def _all_refusal(self, event: StreamEvent) -> None:
        self._spoken(event, "refusal").settle(event.refusal)

    def _spoken(self, event: StreamEvent, kind: PartKind) -> Segment:
        return self._lane.at((event.output_index, event.content_index), kind)

    def _annotated(self, event: StreamEvent) -> None:
        self._spoken(event, "text").cited += self._citations.page(event.annotation)

    def _part_added(self, event: StreamEvent) -> None:
        if event.part is not None:
            self._say(event.output_index, event.content_index, event.part)

    def _part_done(self, event: StreamEvent) -> None:
        if event.part is not None and (segment := self._say(event.output_index, event.content_index, event.part)):
            segment.closed = True

    def _summary(self, event: StreamEvent) -> None:
        self._lane.at((event.output_index, 0), "thought").add(event.delta, event.summary_index)

    def _all_summary(self, event: StreamEvent) -> None:
        self._lane.at((event.output_index, 0), "thought").settle(event.text, event.summary_index)

    def _summary_part(self, event: StreamEvent) -> None:
        if event.part is not None:
            self._lane.at((event.output_index, 0), "thought").reach(event.part.text, event.summary_index)

    def _raw(self, event: StreamEvent) -> None:
        self._lane.at((event.output_index, 0), "thought").add(event.delta, RAW + event.content_index)

    def _all_raw(self, event: StreamEvent) -> None:
        self._lane.at((event.output_index, 0), "thought").settle(event.text, RAW + event.content_index)

    def _arguments(self, event: StreamEvent) -> None:
        self._lane.at((event.output_index, 0), "call").add(event.delta)

    def _all_arguments(self, event: StreamEvent) -> None:
        whole = event.input if event.arguments is None else event.arguments
        self._lane.at((event.output_index, 0), "call").settle(whole)

    # --- items ---------------------------------------------------------------------------------------------------

    def _added(self, event: StreamEvent) -> None:
        if event.item is None:
            return
        if event.item.type == "message":
            self._lane.announce(event.output_index)
        if (event.item.type == "reasoning" or event.item.type in CALLS) and not event.item.odd:
            self._item(event.output_index, event.item)

    def _item_done(self, event: StreamEvent) -> None:
        if event.item is not None:
            self._item(event.output_index, event.item)
            self._lane.finish(event.output_index)

    def _item(self, index: int, item: Item) -> None:
        """Take all that an item says; hosted ones are nobody's business.

        Raises:
            Failure: something of it is not to be understood, and no event has told of it.
        """
        if item.odd and item.type in SAID and not any(place[0] == index for place in self._lane.seen):
            raise bad_event(f"an item of type {item.type} has a field of another type")
        if item.type == "message":
            for place, part in enumerate(item.content or ()):
                self._say(index, place, part)
        elif item.type == "reasoning":
            self._think(self._lane.at((index, 0), "thought"), item)
        elif item.type in CALLS:
            self._call(self._lane.at((index, 0), "call"), item)

    def _say(self, index: int, place: int, part: TextPart) -> Segment | None:
        if part.type == "refusal":
            segment = self._lane.at((index, place), "refusal")
            segment.reach(part.refusal)
            return segment
        if part.type == "output_text":
            segment = self._lane.at((index, place), "text")
            segment.reach(part.text)
            segment.cited += self._citations.pages(part.annotations)
            return segment
        return None

    def _think(self, segment: Segment, item: Item) -> None:
        for place, part in enumerate(item.summary or ()):
            segment.reach(part.text, place)
        for place, part in enumerate(item.content or ()):
            segment.reach(part.text, RAW + place)
        if item.encrypted_content:
            segment.seal = Seal(self._origin, item.encrypted_content)

    def _call(self, segment: Segment, item: Item) -> None:
        if item.name and item.call_id and not segment.sent:
            tool = self._names.meant(item.name, item.namespace)
            start = replace(segment.start, id=item.call_id, name=tool.name, custom=CALLS[item.type])
            segment.start = replace(start, namespace=tool.namespace or item.namespace)
        segment.reach(item.input if item.type == "custom_tool_call" else item.arguments)

    # --- the end -------------------------------------------------------------------------------------------------

    def _terminate(self, event: StreamEvent) -> Iterator[Event]:
        response = event.response or Response()
        if (failure := read_end_failure(response)) is not None:
            raise failure.but()
        if not self._started:
            yield self._start(response)
        self._take_output(response)
        self._compare_words(response)
        self._lane.close()
        yield from self._lane.drain()
        self._done = True
        yield Finish(self._reason(event, response), read_usage(response, event.copilot_usage))

    def _take_output(self, response: Response) -> None:
        """Take from the whole answer the kinds of items that no event told of."""
        told = {segment.kind for segment in self._lane.seen.values()}
        for index, item in enumerate(response.output or ()):
            kinds = {"message": {"text", "refusal"}, "reasoning": {"thought"}}.get(item.type, {"call"})
            if not kinds & told:
                self._item(index, item)

    def _compare_words(self, response: Response) -> None:
        """Compare the words of the whole answer, where it repeats them, with those that the events told.

        Raises:
            Failure: they differ, so that some were lost, or told twice.
        """
        parts = [part for item in response.output or () if item.type == "message" for part in item.content or ()]
        words = "".join(part.text or "" for part in parts if part.type == "output_text")
        if words and words not in {told := self._lane.words(), whole(told)}:
            raise Failure(Kind.UPSTREAM, "Copilot's stream ends with another text than it told", code="bad_event")

    def _reason(self, event: StreamEvent, response: Response) -> Reason:
        if event.type == "response.incomplete":
            why = response.incomplete_details.reason if response.incomplete_details else None
            return Reason.FILTER if why == "content_filter" else Reason.LENGTH
        kinds = {segment.kind for segment in self._lane.seen.values()}
        if "call" in kinds:
            return Reason.TOOL
        return Reason.REFUSAL if "refusal" in kinds else Reason.END

    _TAKES: ClassVar[dict[str, Callable[["Reader", StreamEvent], None]]] = {
        "response.output_text.delta": _words,
        "response.output_text.done": _all_words,
        "response.output_text.annotation.added": _annotated,
        "response.refusal.delta": _refusal,
        "response.refusal.done": _all_refusal,
        "response.content_part.added": _part_added,
        "response.content_part.done": _part_done,
        "response.reasoning_summary_part.added": _summary_part,
        "response.reasoning_summary_part.done": _summary_part,
        "response.reasoning_summary_text.delta": _summary,
        "response.reasoning_summary_text.done": _all_summary,
        "response.reasoning_text.delta": _raw,
        "response.reasoning_text.done": _all_raw,
        "response.function_call_arguments.delta": _arguments,
        "response.function_call_arguments.done": _all_arguments,
        "response.custom_tool_call_input.delta": _arguments,
        "response.custom_tool_call_input.done": _all_arguments,
        "response.output_item.added": _added,
        "response.output_item.done": _item_done,
    }
