"""A chat request in neutral form, as every dialect reads it and writes it. Answers are `events`.

It holds what at least two dialects have.
"""

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field

from passenger.chat.web_search import SearchTool

JSON = dict[str, Any]


class Initiator(StrEnum):
    """Who caused a request: a person who typed, or a program going on by itself (`X-Initiator`)."""

    USER = "user"
    AGENT = "agent"


class Ask(Struct, frozen=True):
    """The facts of a request that routing, headers and relaying need."""

    model: str
    stream: bool
    initiator: Initiator
    vision: bool = False
    """Whether a picture is in it."""
    tools: bool = False
    """Whether it offers tools."""
    wants_reasoning: bool = False
    """Whether it asks the model to reason."""
    wants_usage: bool = True
    """False where the client would be surprised by a usage event."""
    betas: tuple[str, ...] = ()
    """Anthropic's, as the client sent them."""
    has_signatures: bool = False
    """Whether a message has a signature; set for Chat Completions alone, as the next two."""
    has_cache_points: bool = False
    """Whether anything has a prompt-cache breakpoint."""
    has_calls: bool = False
    """Whether the model has called tools."""
    compacts: bool = False
    """Whether nothing is wanted but the conversation so far in a compact form."""
    relayable: bool = True
    """False where Copilot takes it in translation only, though it speaks the client's dialect."""
    choices: int = 1
    """How many answers are wanted; 0 where the client sent no number."""
    web_search: Literal["only", "beside"] | None = None
    """Whether a web search is offered: alone or required, or beside other tools. None where there is none."""
    signs: frozenset[str] | None = None
    """What relaying may have to change in it, in its dialect's own words; None where it is unknown."""


# --- parts of a message ------------------------------------------------------------------------------------------


class Signature(Struct, frozen=True):
    """A vendor's signature of reasoning, which it wants back with it.

    Messages calls it `signature`, Chat Completions `reasoning_opaque`, Responses `encrypted_content`. `origin` is the
    upstream dialect and the vendor, as in `messages/anthropic`; the dialect alone where a client sent the signature as
    it is. `redacted`: Anthropic gave no text with it.
    """

    origin: str
    value: str
    redacted: bool = False


class Text(Struct, frozen=True):
    """Text. `cache`: the client set a prompt-cache breakpoint after this part."""

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


class Reasoning(Struct, frozen=True):
    """The model's reasoning, as far as it was shown, and its signature."""

    text: str
    signature: Signature | None = field(default=None, name="seal")
    """`seal` is its name in `reasoning.sqlite`."""


class Refusal(Struct, frozen=True):
    """The model's explanation why it does not answer."""

    text: str


class ToolCall(Struct, frozen=True):
    """A call by the model. `arguments` is JSON text as it came, or plain text where the tool is `custom`."""

    id: str
    name: str
    arguments: str
    namespace: str | None = None
    custom: bool = False
    cache: bool = False


class ToolResult(Struct, frozen=True):
    """The result of a tool. `error`: it failed. `custom`: it is a custom tool's."""

    call_id: str
    content: tuple["Text | Image | Document", ...]
    error: bool = False
    custom: bool = False
    cache: bool = False


Part = Text | Image | Document | Reasoning | Refusal | ToolCall | ToolResult
Role = Literal["system", "user", "assistant"]


class Message(Struct, frozen=True):
    """One message. Tool results are the first parts of a `user` message; `system` may stand anywhere."""

    role: Role
    parts: tuple[Part, ...]


# --- tools -------------------------------------------------------------------------------------------------------


class Grammar(Struct, frozen=True):
    """The grammar of a custom tool's input; `syntax` is `lark` or `regex`."""

    syntax: str
    definition: str


class Tool(Struct, frozen=True):
    """A tool. `schema` is the JSON Schema of its arguments, None for a `custom` tool, which takes plain text."""

    name: str
    description: str | None = None
    schema: JSON | None = None
    strict: bool | None = None
    namespace: str | None = None
    custom: bool = False
    grammar: Grammar | None = None
    cache: bool = False


class ToolChoice(Struct, frozen=True):
    """Whether tools must be called. `names` limits `auto` and `required` to some of them."""

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] = ()


# --- settings -----------------------------------------------------------------------------------------------------


class ReasoningConfig(Struct, frozen=True):
    """How much to reason. `effort` is OpenAI's (`none` to `max`), `budget` Anthropic's and Google's tokens.

    Both None: the model decides. `show`: whether the client wants to see the reasoning; None where it does not say.
    """

    effort: str | None = None
    budget: int | None = None
    show: bool | None = None

    @property
    def off(self) -> bool:
        """Whether no reasoning is wanted."""
        return self.effort == "none" or self.budget == 0


class Schema(Struct, frozen=True):
    """The JSON Schema of the answer; None for any JSON object."""

    schema: JSON | None
    name: str = "answer"
    strict: bool | None = None
    description: str | None = None


class Prompt(Struct, frozen=True):
    """One chat request. None and empty mean that the client sets nothing.

    `dropped` has the client's names of what was read and has no place here.
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
    reasoning: ReasoningConfig | None = None
    verbosity: str | None = None
    user: str | None = None
    cache_key: str | None = None
    wants_usage: bool = True
    choices: int = 1
    """How many answers are wanted; each of Copilot's APIs gives one to a translated request."""
    compacts: bool = False
    """Whether the answer is to be a summary of the conversation."""
    web_search: SearchTool | None = None
    """The web search that is offered, which is none of `tools`."""
    dropped: tuple[str, ...] = ()

    @property
    def vision(self) -> bool:
        """Whether there is a picture in it or in a tool's result."""
        parts = (part for message in self.messages for part in message.parts)
        shown = (inner for part in parts for inner in (part.content if isinstance(part, ToolResult) else (part,)))
        return any(isinstance(part, Image) for part in shown)
