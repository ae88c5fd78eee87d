"""The chat APIs that clients speak (`Inbound`) and that Copilot speaks (`Outbound`), as pure functions.

Each is a `Dialect` value in the folder of its vendor. No vendor's folder imports another's.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec import field as struct_field

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, AnswerIdentity, AnswerPart, Event, Usage
from passenger.chat.prompt import Ask, Prompt, Reasoning
from passenger.chat.upstream_request import UpstreamRequest
from passenger.dialects.citations import Cites
from passenger.dialects.embeddings import EmbeddingsDialect
from passenger.dialects.framing import SSE, Framing, StreamMessage
from passenger.errors import Failure
from passenger.jsontext.paths import Path
from passenger.jsontext.raw_object import Fields, RawObject, split


class Request(Struct, frozen=True, dict=True):
    """A request as it arrived. Headers have lower-case names."""

    body: bytes
    path_params: Mapping[str, str] = struct_field(default_factory=dict)
    headers: Mapping[str, str] = struct_field(default_factory=dict)
    query: Mapping[str, str] = struct_field(default_factory=dict)
    heavy: bool = False
    """Whether it is so large that it is read in a thread, off the event loop."""

    @cached_property
    def fields(self) -> Fields | None:
        """The top-level values of the body, split once (40 us for a coding agent's); None if it cannot be split."""
        return split(self.body)


class Writer(Protocol):
    """Writes one answer for a client as its events come."""

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """The messages for this event, often one, sometimes none. `Finish` gives the normal terminator."""
        ...

    def fail(self, failure: Failure) -> Iterable[StreamMessage]:
        """The messages that end a broken stream, without the normal terminator."""
        ...


class Reader(Protocol):
    """Reads one answer of Copilot as its messages come."""

    def read(self, message: StreamMessage) -> Iterable[Event]:
        """The events that this message completes.

        Raises:
            Failure: upstream reports a failure.
        """
        ...

    def end(self) -> Iterable[Event]:
        """The events that the end of the stream completes.

        Raises:
            Failure: the answer is not complete (code `stream_broken`).
        """
        ...


class Relay(Protocol):
    """Passes one stream on, event by event, and knows whether it is complete."""

    failure: Failure | None
    """The failure that upstream reported in the stream."""
    done: bool
    """Whether the terminator has been sent."""

    @property
    def over(self) -> bool:
        """Whether nothing more is sent, because the stream has ended or failed."""
        return self.done or self.failure is not None

    @property
    def usage(self) -> Usage | None:
        """The usage that the stream has reported so far."""
        ...

    def event(self, raw: bytes) -> bytes:
        """The bytes to send for one raw event, empty after a failure. Raises a Failure if the stream is broken."""
        ...

    def end(self, tail: bytes) -> bytes:
        """The bytes to send when upstream has ended. Raises a Failure if the answer is not complete."""
        ...


class ChoicesWriter(Protocol):
    """Writes several answers to one request, whose events come interleaved."""

    def send(self, index: int, event: Event) -> Iterable[StreamMessage]:
        """The messages for an event of one answer, whose `Finish` ends only that answer."""
        ...

    def end(self, usage: Usage) -> Iterable[StreamMessage]:
        """The messages that end the stream once all answers have ended. `usage` is the sum of theirs."""
        ...

    def fail(self, failure: Failure) -> Iterable[StreamMessage]:
        """See `Writer.fail`."""
        ...


COMMENT = b": keep-alive\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How several answers to one request are written."""

    writer: Callable[[Prompt, AnswerIdentity], ChoicesWriter]
    write: Callable[[Prompt, Sequence[Answer], AnswerIdentity], bytes]
    """Whole answers, as the JSON of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A request for nothing but that a model be loaded, as Ollama's clients send it."""

    is_load: Callable[[Request], bool]
    model: Callable[[Request], str]
    write: Callable[[Request, AnswerIdentity], bytes]
    """What it is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFamily:
    """The clients of one vendor, and the signs by which an unrouted request is answered in their dialect."""

    vendor: str
    base_path: str = ""
    """The path of their base URL."""
    path_prefixes: tuple[str, ...] = ()
    """Beginnings of their paths."""
    path_parts: tuple[str, ...] = ()
    """Substrings of their paths."""
    post_parts: tuple[str, ...] = ()
    """Substrings of the paths of their `POST` requests."""
    headers: frozenset[bytes] = frozenset()
    """Names in lower case."""
    query_parts: tuple[bytes, ...] = ()

    def sends(self, method: str, path: str, headers: Collection[bytes], query: bytes) -> bool:
        """Whether a request shows at least one sign. `headers` are names in lower case."""
        return (
            path.startswith(self.path_prefixes)
            or any(part in path for part in self.path_parts)
            or (method == "POST" and any(part in path for part in self.post_parts))
            or any(name in headers for name in self.headers)
            or any(part in query for part in self.query_parts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """How clients ask for the tokens of a prompt, and how they are told."""

    read_prompt: Callable[[Request], Prompt]
    write: Callable[[int], bytes]
    """The body of the answer."""


RouteOperation = str | EmbeddingsDialect | TokenCount
"""What is behind a route: the dialect itself (`chat`), what a value says, or what `server.api.operations` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The paths of a dialect, below each of its prefixes, and what is behind each; of `gets` the name of a page."""

    prefixes: tuple[str, ...] = ("/v1", "")
    posts: Mapping[str, RouteOperation] = field(default_factory=dict)
    gets: Mapping[str, str] = field(default_factory=dict)
    deletes: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, RouteOperation] = field(default_factory=dict)
    """Those of `POST` whose paths have parameters, such as `/conversations/{conversation_id}/items`."""
    actions: Mapping[str, RouteOperation] = field(default_factory=dict)
    """Those of `POST models/{model}:{action}`."""

    def below(self, path: str) -> Iterator[str]:
        """The path below each prefix."""
        return (prefix + path for prefix in self.prefixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A dialect as clients speak it. Functions that read a request raise a Failure that names the field at fault."""

    name: str
    """The `Outbound` that requests are relayed to has the same name."""
    peek: Callable[[Request], Ask]
    """The facts of a request."""
    read_prompt: Callable[[Request], Prompt]
    """The whole request. It fails also for a field that cannot be translated."""
    writer: Callable[[Prompt, AnswerIdentity], Writer]
    """Writes a streamed answer."""
    write_answer: Callable[[Prompt, Answer, AnswerIdentity], bytes]
    """A whole answer, as JSON."""
    write_failure: Callable[[Failure], bytes]
    """The body of an error answer."""
    write_break: Callable[[Failure], StreamMessage]
    """The message that ends a broken relayed stream. No normal terminator follows it."""
    framing: Callable[[Request], Framing] = lambda _: SSE
    """How the messages of a streamed answer become bytes: server-sent events by default."""
    keep_alive: tuple[bytes, bytes] = (COMMENT, COMMENT)
    """What to send while upstream is silent, before and after the answer has begun; empty for nothing."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The client's names of the fields of a `Prompt` (`limit`: `max_tokens`), where they differ."""
    round_trips_reasoning: bool = False
    """Whether its clients send reasoning and its signatures back on the next turn."""
    fails_in_stream: frozenset[str] = frozenset()
    """Codes of failures that a streaming client understands only as events of a stream."""
    counts_prompts: bool = False
    """Whether its clients have prompts counted."""
    strip_attribution: Callable[[Prompt], Prompt] = lambda prompt: prompt
    """Leaves out what a client's program tells of itself among the instructions."""
    compacts_itself: Callable[[str], bool] = lambda _vendor: False
    """Whether a vendor's models compact a conversation themselves, so that a request for that is relayed."""
    usage_path: Path = ("usage",)
    """The object in the last events of a stream that tells its usage; () for the event itself."""
    cites: Cites = lambda _part, _citation: False
    choices: Choices | None = None
    """How several answers are written, if clients may ask for them."""
    load: Load | None = None
    """How requests that only load a model are answered, if clients send them."""
    clients: ClientFamily
    """The clients that speak it."""
    routes: Routes


class MissingSignature(NamedTuple):
    """A message with calls and no signature: its position, and the ids of the calls."""

    position: int
    calls: Sequence[str]


SignedAnswers = Iterable[Sequence[AnswerPart]]
"""The signed reasoning and the calls of each answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSignatures:
    """How the signed reasoning of relayed answers is read, and restored in requests that come without it."""

    vendors: frozenset[str]
    """Those that want their signatures back."""
    relay: Callable[[Ask, AnswerIdentity, str], tuple[Relay, Callable[[], SignedAnswers]]]
    """A relay as `Outbound.relay` gives it, and what gives the reasoning of the stream at its end. The last argument is
    the vendor, as below."""
    read_answers: Callable[[bytes, str], SignedAnswers]
    """The reasoning of a whole answer."""
    find_missing: Callable[[RawObject], Sequence[MissingSignature]]
    """The messages of a request that lack theirs."""
    restore: Callable[[RawObject, Mapping[int, Sequence[Reasoning]], str], None]
    """Puts reasoning into the messages at these positions, as far as the vendor signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """A dialect as Copilot speaks it."""

    name: str
    path: str
    """Below the API's base URL, and the name in a model's `supported_endpoints`."""
    write_prompt: Callable[[Prompt, Capabilities], UpstreamRequest]
    """The request to a model, always streaming. Raises a Failure for what the API cannot say; its `param` is a field of
    `Prompt`."""
    reader: Callable[[Prompt, Capabilities], Reader]
    """Reads the streamed answer to that prompt."""
    effort: Path
    """Where a request says how hard to think."""
    prepare: Callable[[RawObject, Ask, Capabilities], tuple[Mapping[str, str], tuple[str, ...]]]
    """Edits a relayed request; gives the headers to add and the names of what was left out. Raises a Failure for what
    Copilot cannot do; its `param` names the field."""
    relay: Callable[[Ask, AnswerIdentity], Relay]
    """Passes the stream of a relayed request on."""
    complete: Callable[[bytes, str, AnswerIdentity], tuple[bytes, Usage | None]]
    """Completes a whole relayed answer of this model; gives its usage, too. Nothing changes if nothing is missing.
    Raises `msgspec.MsgspecError` if it is not JSON of an answer's shape."""
    strip_attribution: Callable[[RawObject], tuple[str, ...]] = lambda _: ()
    """As that of `Inbound`, for a relayed request; gives the names of what was left out."""
    searches: bool = False
    """Whether OpenAI's models search the web by themselves when they are asked in it."""
    cache_key: str | None = None
    """The field of a request that names the client's session, so that it finds its prompt cached."""
    kept_signatures: KeptSignatures | None = None
    """How signatures are kept, if few clients send them back."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A chat API, as clients and, for some, Copilot speak it."""

    inbound: Inbound
    outbound: Outbound | None = None
