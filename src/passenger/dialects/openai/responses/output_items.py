"""The items of an answer as they are written, each with the events from its beginning to its end.

https://platform.openai.com/docs/api-reference/responses-streaming/response/output_item/added
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from passenger.chat import signatures
from passenger.chat.arguments import is_unfinished
from passenger.chat.events import Citation, PartStart, PartStop
from passenger.chat.prompt import JSON
from passenger.dialects.framing import StreamMessage

EventFields = tuple[str, JSON]
"""The type of an event and its own fields."""


class DeltaTemplate(NamedTuple):
    """The event of one more piece of text, encoded but for its number and the piece: nearly all events are these."""

    kind: str
    before_number: bytes
    before_piece: bytes
    after_piece: bytes

    def write(self, number: int, piece: str) -> StreamMessage:
        """The event."""
        rest = (self.before_piece, msgspec.json.encode(piece), self.after_piece)
        return StreamMessage(self.kind, b"%b%d%b%b%b" % (self.before_number, number, *rest))


def _delta_template(kind: str, position: JSON, after: JSON | None = None) -> DeltaTemplate:
    before = msgspec.json.encode({"type": kind})[:-1] + b',"sequence_number":'
    rest = msgspec.json.encode(after)[1:-1] if after else b""
    return DeltaTemplate(
        kind,
        before,
        b"," + msgspec.json.encode(position)[1:-1] + b',"delta":',
        (b"," + rest if rest else b"") + b"}",
    )


class ItemWriter(ABC):
    """One item that is being written."""

    def __init__(self, item_id: str, index: int, delta: DeltaTemplate) -> None:
        self._id = item_id
        self._index = index
        self.delta = delta
        self.pieces: list[str] = []
        """The text so far; whoever sends a delta appends its piece."""

    @property
    @abstractmethod
    def item(self) -> JSON:
        """The item so far."""

    def begin(self) -> Iterator[EventFields]:
        """The events that open it."""
        yield "response.output_item.added", {"output_index": self._index, "item": self.item}

    def first(self) -> Iterator[EventFields]:
        """The events that come before its first piece."""
        yield from ()

    @abstractmethod
    def end(self, stop: PartStop) -> Iterator[EventFields]:
        """The events that close it. An item in which the answer was cut is `incomplete`."""


class MessageItem(ItemWriter):
    """A message with one part: text, or a refusal."""

    def __init__(self, item_id: str, index: int, *, refusal: bool) -> None:
        self._position = {"item_id": item_id, "output_index": index, "content_index": 0}
        self._refusal = refusal
        self._kind = "response.refusal" if refusal else "response.output_text"
        self._logprobs: JSON = {} if refusal else {"logprobs": []}
        super().__init__(item_id, index, _delta_template(f"{self._kind}.delta", self._position, self._logprobs))
        self._annotations: list[JSON] = []
        self._content: list[JSON] = []
        self._status = "in_progress"

    @property
    def item(self) -> JSON:
        """The message."""
        shape = {"id": self._id, "type": "message", "status": self._status, "role": "assistant"}
        return {**shape, "content": self._content}

    def begin(self) -> Iterator[EventFields]:
        """Announce the message and its part."""
        yield from super().begin()
        yield "response.content_part.added", {**self._position, "part": self._part("")}

    def end(self, stop: PartStop) -> Iterator[EventFields]:
        """Repeat the whole text."""
        text = "".join(self.pieces)
        key = "refusal" if self._refusal else "text"
        self._content, self._status = [self._part(text)], _status(cut=stop.cut)
        yield f"{self._kind}.done", {**self._position, key: text, **self._logprobs}
        yield "response.content_part.done", {**self._position, "part": self._content[0]}
        yield "response.output_item.done", {"output_index": self._index, "item": self.item}

    def _part(self, text: str) -> JSON:
        if self._refusal:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [*self._annotations], "logprobs": []}

    def cite(self, citation: Citation) -> Iterator[EventFields]:
        """Add a citation; a refusal has no place for one."""
        if self._refusal:
            return
        annotation, index = _annotation(citation), len(self._annotations)
        self._annotations.append(annotation)
        fields = {**self._position, "annotation_index": index, "annotation": annotation}
        yield "response.output_text.annotation.added", fields


class ReasoningItem(ItemWriter):
    """A reasoning item. The shown reasoning is its summary, which is announced before its first delta."""

    def __init__(self, item_id: str, index: int) -> None:
        self._position = {"item_id": item_id, "output_index": index, "summary_index": 0}
        super().__init__(item_id, index, _delta_template("response.reasoning_summary_text.delta", self._position))
        self._encrypted: JSON = {}

    @property
    def item(self) -> JSON:
        """The reasoning item."""
        summary = [_summary("".join(self.pieces))] if self.pieces else []
        return {"id": self._id, "type": "reasoning", "summary": summary, **self._encrypted}

    def first(self) -> Iterator[EventFields]:
        """Announce the summary."""
        yield "response.reasoning_summary_part.added", {**self._position, "part": _summary("")}

    def end(self, stop: PartStop) -> Iterator[EventFields]:
        """Repeat the summary with the signature, which is wrapped unless a Responses model made it."""
        if (signature := stop.signature) is not None:
            own = signature.origin.partition("/")[0] == "responses"
            self._encrypted = {"encrypted_content": signature.value if own else signatures.wrap(signature)}
        if self.pieces:
            text = "".join(self.pieces)
            yield "response.reasoning_summary_text.done", {**self._position, "text": text}
            yield "response.reasoning_summary_part.done", {**self._position, "part": _summary(text)}
        yield "response.output_item.done", {"output_index": self._index, "item": self.item}


class CallItem(ItemWriter):
    """A call of a function or of a custom tool."""

    def __init__(self, item_id: str, index: int, start: PartStart) -> None:
        self._start = start
        self._position = {"item_id": item_id, "output_index": index}
        self._key = "input" if start.custom else "arguments"
        self._kind = "response.custom_tool_call_input" if start.custom else "response.function_call_arguments"
        super().__init__(item_id, index, _delta_template(f"{self._kind}.delta", self._position))
        self._status = "in_progress"

    @property
    def item(self) -> JSON:
        """The call."""
        start = self._start
        kind = "custom_tool_call" if start.custom else "function_call"
        shape = {"id": self._id, "type": kind, "status": self._status, "call_id": start.id, "name": start.name}
        named = {"namespace": start.namespace} if start.namespace else {}
        return {**shape, **named, self._key: "".join(self.pieces)}

    def end(self, stop: PartStop) -> Iterator[EventFields]:
        """Repeat the whole text."""
        cut = stop.cut and is_unfinished("".join(self.pieces), custom=self._start.custom)
        self._status = _status(cut=cut)
        item = self.item
        name = {} if self._start.custom else {"name": self._start.name}
        yield f"{self._kind}.done", {**self._position, **name, self._key: item[self._key]}
        yield "response.output_item.done", {"output_index": self._index, "item": item}


def _annotation(citation: Citation) -> JSON:
    """A `url_citation`; the title of published code is its licence."""
    title = citation.title if citation.license is None else f"Licence: {citation.license}"
    place = {"start_index": citation.start, "end_index": citation.end}
    return {"type": "url_citation", "url": citation.url, "title": title, **place}


def _status(*, cut: bool) -> str:
    return "incomplete" if cut else "completed"


def _summary(text: str) -> JSON:
    return {"type": "summary_text", "text": text}
