"""One chat in neutral form, going up: what is asked, in no vendor's words.

A floor, not a union: it holds what at least two dialects have (design, section 6). What goes down is `events`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

JSON = dict[str, Any]


class Initiator(StrEnum):
    """Who caused a request: a person who typed, or a program going on by itself (`X-Initiator`)."""

    USER = "user"
    AGENT = "agent"


class Ask(Struct, frozen=True):
    """The few facts of a request that routing, headers and relaying need.

    `wants_usage` is false where the client would be surprised by a usage event; `thinks` is true where it asks
    the model to reason; `betas` are Anthropic's, as the client sent them. Of Chat Completions alone: `sealed` is true
    where a message carries a sealed thought, `marked` where anything bears a prompt-cache breakpoint, `called` where
    the model has called tools.
    """

    model: str
    stream: bool
    initiator: Initiator
    vision: bool = False
    tools: bool = False
    thinks: bool = False
    wants_usage: bool = True
    betas: tuple[str, ...] = ()
    sealed: bool = False
    marked: bool = False
    called: bool = False
    compacts: bool = False
    """Whether nothing is wanted but the conversation so far in a compact form."""
    relays: bool = True
    """False where Copilot takes what is asked in translation only, though it speaks the client's dialect."""
    choices: int = 1
    """How many answers are wanted; 0 where what was said is no number."""
    shows: frozenset[str] | None = None
    """What of it relaying may have to change, in its dialect's own words; None where nobody can tell."""


class Usage(Struct, frozen=True):
    """Tokens of one answer.

    `cached` (read from a prompt cache) and `written` (to one) are parts of `input`; `reasoning` is part of `output`
    where the vendor counts so.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    nano_credits: int | None = None
    """Copilot's own bill: 1e9 are one AI credit; None where it sent none."""
    written: int = 0


def total(usages: "Sequence[Usage | None]") -> Usage | None:
    """What several answers have taken together, None where none of them says."""
    said = [usage for usage in usages if usage is not None]
    if not said:
        return None
    bills = [usage.nano_credits for usage in said if usage.nano_credits is not None]
    return Usage(
        input=sum(usage.input for usage in said),
        output=sum(usage.output for usage in said),
        cached=sum(usage.cached for usage in said),
        reasoning=sum(usage.reasoning for usage in said),
        nano_credits=sum(bills) if bills else None,
        written=sum(usage.written for usage in said),
    )


# --- parts of a message ------------------------------------------------------------------------------------------


class Seal(Struct, frozen=True):
    """A vendor's proof that a thought is its own: Anthropic's `signature`, Copilot's `reasoning_opaque`, Responses'
    `encrypted_content`.

    `origin` is the upstream dialect and the vendor, as in `messages/anthropic`; it is empty for a seal that a client
    sent without our prefix, which then is of the client's own dialect. `redacted`: Anthropic gave no text with it.
    """

    origin: str
    value: str
    redacted: bool = False


class Text(Struct, frozen=True):
    """Words. `cache`: the client set a prompt-cache breakpoint after this part."""

    text: str
    cache: bool = False


class Image(Struct, frozen=True):
    """A picture as base64; `detail` is OpenAI's (`low`, `high`, `auto`)."""

    media_type: str
    data: str
    detail: str | None = None
    cache: bool = False


class Document(Struct, frozen=True):
    """A file, nearly always a PDF, as base64."""

    media_type: str
    data: str
    name: str | None = None
    cache: bool = False


class Thought(Struct, frozen=True):
    """What the model has thought, as far as it was shown, and the seal that it wants back."""

    text: str
    seal: Seal | None = None


class Refusal(Struct, frozen=True):
    """The model's words for why it does not answer."""

    text: str


class ToolCall(Struct, frozen=True):
    """A call by the model. `arguments` is JSON text as it came, or raw text where the tool is `custom`."""

    id: str
    name: str
    arguments: str
    namespace: str | None = None
    custom: bool = False
    cache: bool = False


class ToolResult(Struct, frozen=True):
    """What a tool gave back; `error` where it failed, `custom` where the call was of a custom tool."""

    call_id: str
    content: tuple["Text | Image | Document", ...]
    error: bool = False
    custom: bool = False
    cache: bool = False


class Citation(Struct, frozen=True):
    """Where words of an answer come from: a page, or published code, which has a `license`.

    `start` and `end` are a place in the text as upstream counts it, `quote` what is cited.
    """

    url: str
    title: str = ""
    license: str | None = None
    start: int = 0
    end: int = 0
    quote: str = ""


Part = Text | Image | Document | Thought | Refusal | ToolCall | ToolResult
Role = Literal["system", "user", "assistant"]


class Message(Struct, frozen=True):
    """One turn. Tool results are parts of a `user` message and come first in it; `system` may stand anywhere."""

    role: Role
    parts: tuple[Part, ...]


# --- tools -------------------------------------------------------------------------------------------------------


class Grammar(Struct, frozen=True):
    """What the input of a custom tool must match: `syntax` is `lark` or `regex`."""

    syntax: str
    definition: str


class Tool(Struct, frozen=True):
    """A tool the model may call. `schema` is the JSON Schema of its arguments, None for a `custom` one (raw text)."""

    name: str
    description: str | None = None
    schema: JSON | None = None
    strict: bool | None = None
    namespace: str | None = None
    custom: bool = False
    grammar: Grammar | None = None
    cache: bool = False


class ToolChoice(Struct, frozen=True):
    """Whether tools must be called; `names` narrows `auto` and `required` to some (one name: that tool is forced)."""

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] = ()


# --- what tunes --------------------------------------------------------------------------------------------------


class Reasoning(Struct, frozen=True):
    """How much to think. `effort` is OpenAI's word (`none` to `max`), `budget` Anthropic's and Google's tokens.

    Both None: think as you see fit. `show`: whether the thoughts are wanted in the answer, None where not said.
    """

    effort: str | None = None
    budget: int | None = None
    show: bool | None = None

    @property
    def off(self) -> bool:
        """Whether thinking is not wanted at all."""
        return self.effort == "none" or self.budget == 0


class Schema(Struct, frozen=True):
    """The shape that the answer must have. `schema` None: any JSON object."""

    schema: JSON | None
    name: str = "answer"
    strict: bool | None = None
    description: str | None = None


class Prompt(Struct, frozen=True):
    """One chat request. None and empty mean that the client did not say.

    `dropped` names, in the client's own words, what its reader understood and the hub cannot hold.
    """

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel: bool | None = None
    limit: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    schema: Schema | None = None
    reasoning: Reasoning | None = None
    verbosity: str | None = None
    user: str | None = None
    cache_key: str | None = None
    wants_usage: bool = True
    choices: int = 1
    """How many answers are wanted. No API that is translated to gives more than one."""
    compacts: bool = False
    """Whether the answer is a summary of the conversation, which its writer seals."""
    dropped: tuple[str, ...] = ()

    @property
    def vision(self) -> bool:
        """Whether there is a picture in it, also one that a tool gave back."""
        parts = (part for message in self.messages for part in message.parts)
        shown = (inner for part in parts for inner in (part.content if isinstance(part, ToolResult) else (part,)))
        return any(isinstance(part, Image) for part in shown)


class Abilities(Struct, frozen=True):
    """What the catalogue says of a model, as far as writing a request for it needs to know.

    Limits and budgets are tokens; None and empty mean that the catalogue does not say.
    """

    vendor: str = ""
    max_output: int | None = None
    min_budget: int | None = None
    max_budget: int | None = None
    adaptive: bool = False
    efforts: tuple[str, ...] = ()
    least_cached: int | None = None
    """Tokens from which a prefix can be cached; None where no breakpoints are to be set."""


IN_WORDS, PARTLY_IN_WORDS = " (in words)", " (partly in words)"
"""What follows the name of something that is not left out, but asked for in words that nobody enforces."""


def named(fields: Mapping[str, str], said: str) -> str:
    """The client's name of what the hub's `said` names, a note behind it kept."""
    name, space, note = said.partition(" (")
    return f"{fields.get(name, name)}{space}{note}"


class Encoded(Struct, frozen=True):
    """A request as it goes up, in bytes."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    vision: bool = False
    """Whether a picture is in a prompt to be counted or embedded; a chat's `Ask` tells it of a chat."""


class Written(Struct, frozen=True):
    """A request as it goes up: the body, headers beyond the usual ones, and the hub's names of what was left out."""

    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    vision: bool = False

    def encoded(self) -> Encoded:
        """The same with its body in bytes."""
        return Encoded(msgspec.json.encode(self.body), self.headers, self.dropped, self.vision)


class Took(Struct, frozen=True):
    """Nanoseconds that an answer took: until Copilot began to answer, then to its first word, and from there on."""

    start: int = 0
    first: int = 0
    rest: int = 0

    @property
    def total(self) -> int:
        """From the request to now."""
        return self.start + self.first + self.rest


class Stamp(Struct, frozen=True):
    """What a writer cannot make up itself: the id of the answer (32 hex digits), Unix seconds, and the time it took."""

    id: str
    created: int
    took: Callable[[], Took] = Took
