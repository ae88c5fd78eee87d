"""The wire formats that clients speak (`Inbound`) and that Copilot speaks (`Outbound`), as pure functions.

A dialect is a module or package of this package that satisfies one or both Protocols; it never imports another.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from msgspec import Struct, field

from passenger.body import Fields, split
from passenger.chat import Abilities, Ask, Prompt, Stamp, Usage, Written
from passenger.errors import Failure
from passenger.events import Answer, Event
from passenger.framing import Framing, Message


class Request(Struct, frozen=True, dict=True):
    """What arrived: the body as it came, what the path named, the query, and the headers by lower-case name."""

    body: bytes
    path_params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    heavy: bool = False
    """Whether to read it takes so long that it is done off the event loop."""

    @cached_property
    def fields(self) -> Fields | None:
        """The top-level values of the body, split once (40 us for a coding agent's), where `split` can."""
        return split(self.body)


class Writer(Protocol):
    """Writes one answer for a client as its events come."""

    def send(self, event: Event) -> Iterable[Message]:
        """The messages that this event becomes, often one, sometimes none; `Finish` brings the normal terminator."""
        ...

    def fail(self, failure: Failure) -> Iterable[Message]:
        """The messages that end a stream which has broken; no normal terminator is among them."""
        ...


class Reader(Protocol):
    """Reads one answer of Copilot as its messages come."""

    def read(self, message: Message) -> Iterable[Event]:
        """The events that this message completes.

        Raises:
            Failure: upstream says that it has failed.
        """
        ...

    def end(self) -> Iterable[Event]:
        """The events that only the end of the stream completes.

        Raises:
            Failure: the answer is not complete (code `stream_broken`).
        """
        ...


class Relay(Protocol):
    """Passes one stream on event by event, and knows whether it ended well."""

    failure: Failure | None
    """What upstream itself said went wrong in the middle of the stream."""
    done: bool
    """Whether the terminator has gone down: nothing goes down any more."""

    @property
    def over(self) -> bool:
        """Whether nothing goes down any more, because the stream has ended or failed."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        ...

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event, nothing after a failure; a Failure where the stream is broken."""
        ...

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended; a Failure where the answer is not complete."""
        ...


class Inbound(Protocol):
    """A dialect as a client speaks it to us."""

    NAME: str
    """The dialect's name; a model is relayed to by the `Outbound` of the same name."""
    CARRIES_SEALS: bool
    """Whether its clients send the thoughts they were given, with their seals, back on the next turn."""
    FAILS_IN_STREAM: frozenset[str]
    """Codes of failures that a streaming client understands only as the events of a broken stream."""
    FIELDS: Mapping[str, str]
    """What the client calls the hub's fields (`limit`: `max_tokens`), where the names differ."""

    def peek(self, request: Request) -> Ask:
        """The facts of a request, or a Failure that names the field at fault."""
        ...

    def read_prompt(self, request: Request) -> Prompt:
        """The whole request, or a Failure that names the field which no translation can carry."""
        ...

    def framing(self, request: Request) -> Framing:
        """How the messages of a streamed answer to this request become bytes."""
        ...

    def writer(self, prompt: Prompt, stamp: Stamp) -> Writer:
        """Writes a streamed answer."""
        ...

    def write_answer(self, prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
        """A whole answer, as JSON."""
        ...

    def write_failure(self, failure: Failure) -> bytes:
        """The body of an error answer."""
        ...

    def write_break(self, failure: Failure) -> Message:
        """The message that ends a relayed stream which has broken; no normal terminator follows it."""
        ...

    def keep_alive(self, begun: bool) -> bytes:
        """What may be sent while nothing comes, before or after the answer has begun; empty where there is nothing."""
        ...


class ChoicesWriter(Protocol):
    """Writes several answers to one request for a client as their events come, mixed."""

    def send(self, index: int, event: Event) -> Iterable[Message]:
        """The messages that an event of one answer becomes; the answer's `Finish` ends only that."""
        ...

    def end(self, usage: Usage) -> Iterable[Message]:
        """The messages that end the stream, when all answers have; `usage` is that of all."""
        ...

    def fail(self, failure: Failure) -> Iterable[Message]:
        """See `Writer.fail`."""
        ...


class Several(Inbound, Protocol):
    """A dialect whose clients may ask for several answers at once."""

    def choices_writer(self, prompt: Prompt, stamp: Stamp) -> ChoicesWriter:
        """Writes streamed answers."""
        ...

    def write_choices(self, prompt: Prompt, answers: Sequence[Answer], stamp: Stamp) -> bytes:
        """Whole answers, as the JSON of one."""
        ...


class Outbound(Protocol):
    """A dialect as Copilot speaks it to us."""

    NAME: str
    PATH: str
    """Below the API's base URL, and the name in a model's `supported_endpoints`."""

    def write_prompt(self, prompt: Prompt, able: Abilities) -> Written:
        """The request for a model, always streaming.

        Raises:
            Failure: it would mean something else there; `param` is the hub's name of the field.
        """
        ...

    def reader(self, prompt: Prompt, able: Abilities) -> Reader:
        """Reads the streamed answer to that prompt."""
        ...
