"""Recognises side requests: those that a coding agent makes by itself between a person's turns, such as for a title.

Plans that count requests count a person's. Side requests go up as an agent's (`X-Initiator: agent`), as GitHub's own
clients send theirs. A request counts as a person's unless it shows all signs of a rule, none of which a person types.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import msgspec
from msgspec import Struct, field

from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Request
from passenger.jsontext.reading import decode_strictly

TURN_METADATA = "x-codex-turn-metadata"
_SYSTEM = frozenset({"system", "developer"})
PROOF = "Passenger asks whether this model can be reached before a person waits for it."
"""The system prompt of the requests that `passenger launch` and `passenger setup` make."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The signs of one client's side request.

    `client` is how its User-Agent begins, `system` how one of its system texts does, `answer` the fields of the answer
    that it wants, `kind` what its own metadata call the request. `tools`: whether it offers any, None where it varies.
    """

    what: str
    seen: str
    client: tuple[str, ...]
    system: str = ""
    tools: bool | None = False
    answer: frozenset[str] = frozenset()
    kind: str = ""


RULES = (
    Rule(
        what="Claude Code: a title",
        seen="2.1.330, 2026-11-30",
        client=("claude-cli/",),
        system="You are naming a coding session so the user can pick it out of a long list of sessions.",
        answer=frozenset({"title"}),
    ),
    Rule(
        what="Claude Code: a title, as it was asked for before",
        seen="2.1.197, 2026-11-30",
        client=("claude-cli/",),
        system="Generate a concise, sentence-case title (3-7 words) that captures the main topic",
    ),
    Rule(
        what="Codex: compaction",
        seen="0.171.0, 2026-11-30",
        client=("codex",),
        kind="compaction",
        tools=None,
    ),
    Rule(
        what="Gemini CLI: which model to ask",
        seen="0.61.0, 2026-11-30",
        client=("GeminiCLI",),
        system="You are a specialized Task Routing AI. Your sole function is to analyze the user's request",
        answer=frozenset({"complexity_reasoning", "complexity_score"}),
    ),
    Rule(
        what="Gemini CLI: compaction",
        seen="0.61.0, 2026-11-30",
        client=("GeminiCLI",),
        system="You are a specialized system component responsible for distilling chat history into a structured XML",
    ),
    Rule(
        what="opencode: a title",
        seen="1.18.33, 2026-11-30",
        client=("opencode/",),
        system="You are a title generator. You output ONLY a thread title. Nothing else.",
    ),
    Rule(
        what="opencode: compaction",
        seen="1.18.33, 2026-11-30",
        client=("opencode/",),
        system="You are a context summarization agent. You are given a conversation between a user and an agent.",
    ),
    Rule(
        what="Qwen Code: what to remember",
        seen="0.24.4, 2026-11-30",
        client=("QwenCode/", "claude-cli/"),
        system="You are now acting as the managed memory extraction subagent for an AI coding assistant.",
        tools=True,
    ),
    Rule(
        what="Qwen Code: compaction",
        seen="0.24.4, 2026-11-30",
        client=("QwenCode/", "claude-cli/"),
        system="You are the component that summarizes a conversation when its context window is about to overflow.",
    ),
    Rule(
        what="Passenger: whether a model answers",
        seen="0.1.0, 2026-11-30",
        client=("passenger-launch/",),
        system=PROOF,
    ),
)
_CLIENTS = tuple({client for rule in RULES for client in rule.client})


def who_asks(ask: Ask, request: Request, *, rules: bool = True) -> Initiator:
    """Who caused a request: by its last turn, by the client's `X-Initiator`, and by the rules unless `rules` is False.

    `X-Initiator: user` is believed, `agent` is not.
    """
    if request.headers.get("x-initiator") == "user":
        return Initiator.USER
    if ask.initiator is Initiator.USER and rules and rule_for(ask, request) is not None:
        return Initiator.AGENT
    return ask.initiator


def rule_for(ask: Ask, request: Request) -> Rule | None:
    """The rule that a request matches. It costs nothing for clients that no rule names."""
    client = request.headers.get("user-agent", "")
    if not client.startswith(_CLIENTS):
        return None
    found = (rule for rule in RULES if client.startswith(rule.client) and rule.tools in (None, ask.tools))
    return next((rule for rule in found if _matches(rule, request)), None)


def _matches(rule: Rule, request: Request) -> bool:
    if rule.kind:
        return _read_kind(request) == rule.kind
    if rule.system.encode() not in request.body:  # most often: reading a body takes ten times as long
        return False
    body = decode_strictly(_BODY, request.body) or _Body()
    is_told = any(text.lstrip().startswith(rule.system) for text in _system_texts(body))
    return is_told and (not rule.answer or rule.answer == _wanted_fields(body))


# --- Codex' metadata ---------------------------------------------------------------------------------------------


class _Turn(Struct):
    request_kind: str = ""


_TURN = msgspec.json.Decoder(_Turn)


def _read_kind(request: Request) -> str:
    """The kind of the request in Codex' metadata."""
    return (decode_strictly(_TURN, request.headers.get(TURN_METADATA, "{}")) or _Turn()).request_kind


# --- a body of any dialect, as far as the rules look into it -------------------------------------------------------


class _Text(Struct):
    text: str = ""


_Content = str | list[_Text] | None


class _Message(Struct):
    role: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Parts(Struct):
    parts: list[_Text] = []


class _Schema(Struct):
    properties: dict[str, msgspec.Raw] = {}


class _Format(Struct):
    schema: _Schema | None = None


class _OutputConfig(Struct):
    format: _Format | None = None


class _GenerationConfig(Struct):
    schema: _Schema | None = field(default=None, name="responseJsonSchema")


class _Body(Struct):
    """Chat's and Messages' `messages`, Messages' `system`, Responses' `input` and `instructions`, and Gemini's own."""

    messages: list[_Message] | None = None
    system: _Content = None
    input: str | list[_Message] | None = None
    instructions: str | None = None
    system_instruction: _Parts | None = field(default=None, name="systemInstruction")
    output_config: _OutputConfig | None = None
    generation_config: _GenerationConfig | None = field(default=None, name="generationConfig")


_BODY = msgspec.json.Decoder(_Body)
_CONTENT = msgspec.json.Decoder(_Content)


def _system_texts(body: _Body) -> Iterator[str]:
    """The system texts before the first turn."""
    yield from _texts(body.system)
    yield from _texts(body.instructions)
    yield from (part.text for part in (body.system_instruction or _Parts()).parts)
    turns = body.messages or (body.input if isinstance(body.input, list) else ())
    for message in takewhile(lambda message: message.role in _SYSTEM, turns):
        yield from _texts(decode_strictly(_CONTENT, message.content))


def _texts(content: _Content) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield from (part.text for part in content)


def _wanted_fields(body: _Body) -> frozenset[str]:
    """The fields of the answer's schema, empty if there is none."""
    format_ = body.output_config.format if body.output_config else None
    schema = format_.schema if format_ else body.generation_config.schema if body.generation_config else None
    return frozenset(schema.properties) if schema else frozenset()
