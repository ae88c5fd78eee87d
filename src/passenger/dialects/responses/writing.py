"""An answer for a Responses client, streamed or whole; it hides the numbers, the ids and what each event repeats."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from passenger.chat import JSON, Prompt, Stamp, Usage
from passenger.dialects.responses.compaction import seal
from passenger.dialects.responses.echo import INCOMPLETE, echo, usage_object
from passenger.dialects.responses.failures import error_event, response_error
from passenger.dialects.responses.ids import item_id
from passenger.dialects.responses.items_down import Called, Item, Reasoned, Spoken, Step
from passenger.errors import Failure, Kind
from passenger.events import Answer, Cite, Delta, Event, Finish, PartStart, PartStop, Start, unfold
from passenger.framing import Message


class Writer:
    """Writes one streamed answer; `response` is its last state."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._created = stamp.created
        self._output: list[JSON] = []
        self._open: Item | None = None
        self._number = 0
        self.response = echo(prompt, stamp)

    def send(self, event: Event) -> Iterable[Message]:
        """See `dialects.Writer`."""
        if type(event) is Delta and self._open is not None:  # nearly all are
            return self._more(self._open, event.text)
        return self._send(event)

    def _more(self, item: Item, piece: str) -> tuple[Message, ...]:
        before = () if item.pieces else (*self._messages(item.first()),)
        item.pieces.append(piece)
        number, self._number = self._number, self._number + 1
        return (*before, item.said.write(number, piece))

    def _send(self, event: Event) -> Iterator[Message]:
        match event:
            case Start():
                yield from self._begin(event.model)
            case PartStart():
                self._open = self._item(event)
                yield from self._messages(self._open.begin())
            case Cite(citation):
                yield from self._messages(self._open.cite(citation) if isinstance(self._open, Spoken) else ())
            case PartStop() if self._open is not None:
                yield from self._close(self._open, event)
            case Finish():
                yield self._finish(event)
            case _:
                raise ValueError(f"{event} is out of place")

    def fail(self, failure: Failure) -> Iterator[Message]:
        """The event by which SDKs know an error, then the one by which Codex does, in OpenAI's order."""
        if "status" not in self.response:
            yield from self._begin("")
        yield self._message("error", error_event(failure, self._number))
        self._state("failed", error=response_error(failure))
        yield self._message("response.failed", {"response": self.response})

    def _begin(self, model: str) -> Iterator[Message]:
        self.response["model"] = model or self.response["model"]
        self._state("in_progress")
        for kind in ("response.created", "response.in_progress"):
            yield self._message(kind, {"response": self.response})

    def _item(self, start: PartStart) -> Item:
        index = len(self._output)
        match start.kind:
            case "text" | "refusal":
                return Spoken(self._id(index, "message"), index, refusal=start.kind == "refusal")
            case "thought":
                return Reasoned(self._id(index, "reasoning"), index)
            case "call":
                name = self._id(index, "custom_tool_call" if start.custom else "function_call")
                return Called(name, index, replace(start, id=start.id or f"call_{name.partition('_')[2]}"))

    def _id(self, index: int, kind: str) -> str:
        return item_id(self.response["id"], index, kind)

    def _close(self, item: Item, stop: PartStop) -> Iterator[Message]:
        yield from self._messages(item.end(stop))
        self._output.append(item.item)
        self._open = None

    def _finish(self, finish: Finish) -> Message:
        reason = INCOMPLETE.get(finish.reason)
        status = "incomplete" if reason else "completed"
        self._state(status, usage=usage_object(finish.usage or Usage()), why={"reason": reason} if reason else None)
        return self._message(f"response.{status}", {"response": self.response})

    def _state(
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

    def _messages(self, steps: Iterable[Step]) -> Iterator[Message]:
        for kind, fields in steps:
            yield self._message(kind, fields)

    def _message(self, kind: str, fields: JSON) -> Message:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return Message(kind, msgspec.json.encode(event))


class Compactor(Writer):
    """Writes the answer of a model that was asked for a summary: its words, sealed in one item."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        super().__init__(prompt, stamp)
        self._speaks = False
        self._words: list[str] = []

    def send(self, event: Event) -> Iterable[Message]:
        """See `dialects.Writer`; thoughts and calls are no part of a summary.

        Raises:
            Failure: there is no summary.
        """
        match event:
            case Start():
                yield from super().send(event)
            case PartStart():
                self._speaks = event.kind == "text"
            case Delta() if self._speaks:
                self._words.append(event.text)
            case Finish():
                yield from self._messages(self._sealed("".join(self._words)))
                yield from super().send(event)
            case _:
                pass

    def _sealed(self, summary: str) -> Iterator[Step]:
        if not summary.strip():
            message = "the model wrote no summary of the conversation"
            raise Failure(Kind.UPSTREAM, message, code="bad_answer")
        item = {"id": self._id(0, "compaction"), "type": "compaction", "encrypted_content": seal(summary)}
        self._output.append(item)
        yield "response.output_item.added", {"output_index": 0, "item": item}
        yield "response.output_item.done", {"output_index": 0, "item": item}


def writer(prompt: Prompt, stamp: Stamp) -> Writer:
    """What writes the answer to a prompt."""
    return Compactor(prompt, stamp) if prompt.compacts else Writer(prompt, stamp)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer: what its stream would end with."""
    written = writer(prompt, stamp)
    for event in unfold(answer):
        for _ in written.send(event):
            pass
    return msgspec.json.encode(written.response)
