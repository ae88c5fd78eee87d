"""The items of an answer as they are written, each with the events of its life; it hides their order."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

from passenger import seals
from passenger.arguments import is_unfinished
from passenger.chat import JSON, Citation
from passenger.events import PartStart, PartStop
from passenger.framing import Message

Step = tuple[str, JSON]
"""The type of an event and its own fields."""

OWN = "responses"


class Said(NamedTuple):
    """The event of one more piece, written but for its number and the piece: by far the most events are these."""

    kind: str
    before_number: bytes
    before_piece: bytes
    after_piece: bytes

    def write(self, number: int, piece: str) -> Message:
        """The event."""
        rest = (self.before_piece, msgspec.json.encode(piece), self.after_piece)
        return Message(self.kind, b"%b%d%b%b%b" % (self.before_number, number, *rest))


def _said(kind: str, where: JSON, after: JSON | None = None) -> Said:
    before = msgspec.json.encode({"type": kind})[:-1] + b',"sequence_number":'
    rest = msgspec.json.encode(after)[1:-1] if after else b""
    return Said(
        kind,
        before,
        b"," + msgspec.json.encode(where)[1:-1] + b',"delta":',
        (b"," + rest if rest else b"") + b"}",
    )


class Item(Protocol):
    """One item on its way down."""

    def begin(self) -> Iterator[Step]:
        """The events that open it."""
        ...

    pieces: list[str]
    """What has been said, which who adds to it keeps here."""
    said: Said

    def first(self) -> Iterator[Step]:
        """The events that come before its first piece."""
        ...

    def end(self, stop: PartStop) -> Iterator[Step]:
        """The events that close it; an item that the answer was cut in is `incomplete`, as OpenAI has it."""
        ...

    @property
    def item(self) -> JSON:
        """The item as far as it has come."""
        ...


class Spoken:
    """A message with one part: text, or a refusal."""

    def __init__(self, item_id: str, index: int, *, refusal: bool) -> None:
        self._id = item_id
        self._where = {"item_id": item_id, "output_index": index, "content_index": 0}
        self._index = index
        self._refusal = refusal
        self._kind = "response.refusal" if refusal else "response.output_text"
        self._logprobs: JSON = {} if refusal else {"logprobs": []}
        self.pieces: list[str] = []
        self.said = _said(f"{self._kind}.delta", self._where, self._logprobs)
        self._annotations: list[JSON] = []
        self._content: list[JSON] = []
        self._status = "in_progress"

    @property
    def item(self) -> JSON:
        """The message."""
        shape = {"id": self._id, "type": "message", "status": self._status, "role": "assistant"}
        return {**shape, "content": self._content}

    def begin(self) -> Iterator[Step]:
        """Announce the message and its part."""
        yield "response.output_item.added", {"output_index": self._index, "item": self.item}
        yield "response.content_part.added", {**self._where, "part": self._part("")}

    def first(self) -> Iterator[Step]:
        """Nothing."""
        yield from ()

    def end(self, stop: PartStop) -> Iterator[Step]:
        """Repeat the whole."""
        text = "".join(self.pieces)
        key = "refusal" if self._refusal else "text"
        self._content, self._status = [self._part(text)], _status(cut=stop.cut)
        yield f"{self._kind}.done", {**self._where, key: text, **self._logprobs}
        yield "response.content_part.done", {**self._where, "part": self._content[0]}
        yield "response.output_item.done", {"output_index": self._index, "item": self.item}

    def _part(self, text: str) -> JSON:
        if self._refusal:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [*self._annotations], "logprobs": []}

    def cite(self, citation: Citation) -> Iterator[Step]:
        """Say where words come from; a refusal has no place for it."""
        if self._refusal:
            return
        annotation, index = _annotation(citation), len(self._annotations)
        self._annotations.append(annotation)
        said = {**self._where, "annotation_index": index, "annotation": annotation}
        yield "response.output_text.annotation.added", said


class Reasoned:
    """A reasoning item; what is shown of the thought is its summary."""

    def __init__(self, item_id: str, index: int) -> None:
        self._id = item_id
        self._index = index
        self._where = {"item_id": item_id, "output_index": index, "summary_index": 0}
        self.pieces: list[str] = []
        self.said = _said("response.reasoning_summary_text.delta", self._where)
        self._seal: JSON = {}

    @property
    def item(self) -> JSON:
        """The reasoning item."""
        summary = [_summary("".join(self.pieces))] if self.pieces else []
        return {"id": self._id, "type": "reasoning", "summary": summary, **self._seal}

    def begin(self) -> Iterator[Step]:
        """Announce the item; its summary is announced with its first words."""
        yield "response.output_item.added", {"output_index": self._index, "item": self.item}

    def first(self) -> Iterator[Step]:
        """Announce the summary."""
        yield "response.reasoning_summary_part.added", {**self._where, "part": _summary("")}

    def end(self, stop: PartStop) -> Iterator[Step]:
        """Repeat the summary, and give the seal: as it is where a Responses model made it, else with its origin."""
        if (seal := stop.seal) is not None:
            own = seal.origin.partition("/")[0] == OWN
            self._seal = {"encrypted_content": seal.value if own else seals.wrap(seal)}
        if self.pieces:
            text = "".join(self.pieces)
            yield "response.reasoning_summary_text.done", {**self._where, "text": text}
            yield "response.reasoning_summary_part.done", {**self._where, "part": _summary(text)}
        yield "response.output_item.done", {"output_index": self._index, "item": self.item}


class Called:
    """A call of a function or of a custom tool."""

    def __init__(self, item_id: str, index: int, start: PartStart) -> None:
        self._id = item_id
        self._index = index
        self._start = start
        self._where = {"item_id": item_id, "output_index": index}
        self._key = "input" if start.custom else "arguments"
        self._kind = "response.custom_tool_call_input" if start.custom else "response.function_call_arguments"
        self.pieces: list[str] = []
        self.said = _said(f"{self._kind}.delta", self._where)
        self._status = "in_progress"

    @property
    def item(self) -> JSON:
        """The call."""
        start = self._start
        kind = "custom_tool_call" if start.custom else "function_call"
        shape = {"id": self._id, "type": kind, "status": self._status, "call_id": start.id, "name": start.name}
        named = {"namespace": start.namespace} if start.namespace else {}
        return {**shape, **named, self._key: "".join(self.pieces)}

    def begin(self) -> Iterator[Step]:
        """Announce the call."""
        yield "response.output_item.added", {"output_index": self._index, "item": self.item}

    def first(self) -> Iterator[Step]:
        """Nothing."""
        yield from ()

    def end(self, stop: PartStop) -> Iterator[Step]:
        """Repeat the whole."""
        cut = stop.cut and is_unfinished("".join(self.pieces), custom=self._start.custom)
        self._status = _status(cut=cut)
        item = self.item
        name = {} if self._start.custom else {"name": self._start.name}
        yield f"{self._kind}.done", {**self._where, **name, self._key: item[self._key]}
        yield "response.output_item.done", {"output_index": self._index, "item": item}


def _annotation(citation: Citation) -> JSON:
    """OpenAI has one for pages only; of published code the licence is its title."""
    title = citation.title if citation.license is None else f"Licence: {citation.license}"
    place = {"start_index": citation.start, "end_index": citation.end}
    return {"type": "url_citation", "url": citation.url, "title": title, **place}


def _status(*, cut: bool) -> str:
    return "incomplete" if cut else "completed"


def _summary(text: str) -> JSON:
    return {"type": "summary_text", "text": text}
