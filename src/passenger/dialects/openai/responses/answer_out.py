"""An answer for a Responses client, streamed or whole."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    Cite,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    SearchCall,
    SearchDone,
    Start,
    Usage,
    unfold,
)
from passenger.chat.prompt import JSON, Prompt
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai.responses.compaction import wrap_summary
from passenger.dialects.openai.responses.errors import error_event, response_error
from passenger.dialects.openai.responses.output_items import (
    CallItem,
    EventFields,
    ItemWriter,
    MessageItem,
    ReasoningItem,
)
from passenger.dialects.openai.responses.response_object import INCOMPLETE, item_id, response_object, usage_object
from passenger.dialects.openai.responses.web_search_item import SearchItem
from passenger.errors import Failure, Kind


class Writer:
    """Writes one streamed answer; `response` is its last state."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        self._created = identity.created
        self._output: list[JSON] = []
        self._open: ItemWriter | None = None
        self._search: SearchItem | None = None
        self._number = 0
        self.response = response_object(prompt, identity)

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """See `dialects.Writer`."""
        if type(event) is Delta and self._open is not None:  # nearly all are
            return self._write_delta(self._open, event.text)
        return self._send(event)

    def _write_delta(self, item: ItemWriter, piece: str) -> tuple[StreamMessage, ...]:
        before = () if item.pieces else (*self._messages(item.first()),)
        item.pieces.append(piece)
        number, self._number = self._number, self._number + 1
        return (*before, item.delta.write(number, piece))

    def _send(self, event: Event) -> Iterator[StreamMessage]:
        match event:
            case Start():
                yield from self._write_start(event.model)
            case PartStart():
                self._open = self._open_item(event)
                yield from self._messages(self._open.begin())
            case Cite(citation):
                yield from self._messages(self._open.cite(citation) if isinstance(self._open, MessageItem) else ())
            case PartStop() if self._open is not None:
                yield from self._close_item(self._open, event)
            case SearchCall():
                yield from self._begin_search(event)
            case SearchDone() if self._search is not None:
                yield from self._end_search(self._search, event)
            case Finish():
                yield self._write_end(event)
            case _:
                raise ValueError(f"{event} is out of place")

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """The `error` event, by which SDKs know an error, and `response.failed`, by which Codex does."""
        if "status" not in self.response:
            yield from self._write_start("")
        yield self._message("error", error_event(failure, self._number))
        self._set_status("failed", error=response_error(failure))
        yield self._message("response.failed", {"response": self.response})

    def _write_start(self, model: str) -> Iterator[StreamMessage]:
        self.response["model"] = model or self.response["model"]
        self._set_status("in_progress")
        for kind in ("response.created", "response.in_progress"):
            yield self._message(kind, {"response": self.response})

    def _open_item(self, start: PartStart) -> ItemWriter:
        index = len(self._output)
        match start.kind:
            case "text" | "refusal":
                return MessageItem(self._item_id(index, "message"), index, refusal=start.kind == "refusal")
            case "reasoning":
                return ReasoningItem(self._item_id(index, "reasoning"), index)
            case "call":
                name = self._item_id(index, "custom_tool_call" if start.custom else "function_call")
                return CallItem(name, index, replace(start, id=start.id or f"call_{name.partition('_')[2]}"))

    def _item_id(self, index: int, kind: str) -> str:
        return item_id(self.response["id"], index, kind)

    def _close_item(self, item: ItemWriter, stop: PartStop) -> Iterator[StreamMessage]:
        yield from self._messages(item.end(stop))
        self._output.append(item.item)
        self._open = None

    def _begin_search(self, call: SearchCall) -> Iterator[StreamMessage]:
        index = len(self._output)
        self._search = SearchItem(self._item_id(index, "web_search_call"), index, call)
        yield from self._messages(self._search.begin())

    def _end_search(self, search: SearchItem, done: SearchDone) -> Iterator[StreamMessage]:
        yield from self._messages(search.end(done))
        self._output.append(search.item)
        self._search = None

    def _write_end(self, finish: Finish) -> StreamMessage:
        reason = INCOMPLETE.get(finish.reason)
        status = "incomplete" if reason else "completed"
        self._set_status(
            status, usage=usage_object(finish.usage or Usage()), why={"reason": reason} if reason else None
        )
        return self._message(f"response.{status}", {"response": self.response})

    def _set_status(
        self, status: str, *, usage: JSON | None = None, why: JSON | None = None, error: JSON | None = None
    ) -> None:
        self.response |= {
            "status": status,
            "completed_at": self._created if status == "completed" else None,
            "error": error,
            "incomplete_details": why,
            "output": self._output,
            "usage": usage,
        }

    def _messages(self, steps: Iterable[EventFields]) -> Iterator[StreamMessage]:
        for kind, fields in steps:
            yield self._message(kind, fields)

    def _message(self, kind: str, fields: JSON) -> StreamMessage:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return StreamMessage(kind, msgspec.json.encode(event))


class SummaryWriter(Writer):
    """Writes the answer of a model that was asked for a summary: one compaction item."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        super().__init__(prompt, identity)
        self._is_text = False
        self._texts: list[str] = []

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """See `dialects.Writer`. Reasoning and calls are left out. Fails where there is no summary."""
        match event:
            case Start():
                yield from super().send(event)
            case PartStart():
                self._is_text = event.kind == "text"
            case Delta() if self._is_text:
                self._texts.append(event.text)
            case Finish():
                yield from self._messages(self._compaction_item("".join(self._texts)))
                yield from super().send(event)
            case _:
                pass

    def _compaction_item(self, summary: str) -> Iterator[EventFields]:
        if not summary.strip():
            message = "the model wrote no summary of the conversation"
            raise Failure(Kind.UPSTREAM, message, code="bad_answer")
        item = {"id": self._item_id(0, "compaction"), "type": "compaction", "encrypted_content": wrap_summary(summary)}
        self._output.append(item)
        yield "response.output_item.added", {"output_index": 0, "item": item}
        yield "response.output_item.done", {"output_index": 0, "item": item}


def writer(prompt: Prompt, identity: AnswerIdentity) -> Writer:
    """The writer of the answer to a prompt."""
    return SummaryWriter(prompt, identity) if prompt.compacts else Writer(prompt, identity)


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    """A whole answer: the response object with which its stream would end."""
    answer_writer = writer(prompt, identity)
    for event in unfold(answer):
        for _ in answer_writer.send(event):
            pass
    return msgspec.json.encode(answer_writer.response)
