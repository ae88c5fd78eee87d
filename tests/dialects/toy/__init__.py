"""Toy: a dialect that nobody speaks, and all that a dialect must have.

A request is `{"model", "turns": [{"role", "parts"}], "tools", "limit", "temperature", "stop", "stream"}`. An answer is
`{"response", "reasoning", "calls", "done", "reason"}`, whole or piece by piece.
"""

from collections.abc import Iterable, Iterator

import msgspec

from passenger.chat.arguments import read_arguments, write_arguments
from passenger.chat.events import Answer, AnswerIdentity, Delta, Event, Finish, PartStart, PartStop, Usage, unfold
from passenger.chat.prompt import (
    JSON,
    Ask,
    Document,
    Image,
    Initiator,
    Message,
    Part,
    Prompt,
    Reasoning,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.dialects import ClientFamily, Dialect, Inbound, Request, Routes, TokenCount
from passenger.dialects.embeddings import Decode, EmbeddingsDialect, EmbeddingsRequest, Vectors
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid
from passenger.jsontext.surrogates import replace_surrogates as clean

_READ = frozenset({"model", "turns", "tools", "limit", "temperature", "stop", "stream"})
_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}

# --- requests ----------------------------------------------------------------------------------------------------


def _peek(request: Request) -> Ask:
    prompt = _read_prompt(request)
    last = prompt.messages[-1]
    typed = last.role == "user" and any(isinstance(part, Text) for part in last.parts)
    initiator = Initiator.USER if typed else Initiator.AGENT
    return Ask(prompt.model, prompt.stream, initiator, vision=prompt.vision, tools=bool(prompt.tools))


def _read_prompt(request: Request) -> Prompt:
    body = read_node(request.body)
    limit = body.integer("limit")
    if limit is not None and limit < 1:
        raise body.wrong("limit", "positive")
    return Prompt(
        model=body.filled_text("model"),
        messages=tuple(_messages(body)) or _nothing(),
        stream=body.boolean("stream") or False,
        tools=tuple(map(_tool, body.nodes("tools"))),
        limit=limit,
        temperature=body.number("temperature"),
        stop=tuple(body.texts("stop")),
        dropped=tuple(body.unknown(_READ)),
    )


def _nothing() -> tuple[Message, ...]:
    raise invalid("turns must say something", "turns")


def _tool(tool: JsonNode) -> Tool:
    schema = tool.node_or_empty("schema").fields or {"type": "object", "properties": {}}
    return Tool(tool.filled_text("name"), tool.text("description"), schema)


def _messages(body: JsonNode) -> Iterator[Message]:
    for turn in body.nodes("turns"):
        role = _ROLES.get(turn.filled_text("role"))
        if role is None:
            raise turn.wrong("role", "system, user or assistant")
        parts = map(_part, turn.nodes("parts"))
        if said := tuple(part for part in parts if part != Text("")):
            yield Message(role, said)


def _part(part: JsonNode) -> Part:
    match part.fields:
        case {"call": str(call_id)}:
            arguments = read_arguments(part.get("arguments"), part.at("arguments"))
            return ToolCall(call_id, part.filled_text("name"), arguments)
        case {"result": str(call_id)}:
            shown = tuple(map(_shown, part.nodes("parts")))
            return ToolResult(call_id, shown, error=part.get("failed") is True)
        case {"reasoning": str(words)}:
            return Reasoning(words)
        case _:
            return _shown(part)


def _shown(part: JsonNode) -> Text | Image | Document:
    match part.fields:
        case {"text": str(words)}:
            return Text(words)
        case {"image": str(data)}:
            return Image("image/png", data)
        case {"file": str(data)}:
            return Document("application/pdf", data, "a.pdf")
        case _:
            raise invalid(f"{part.path} is no part", part.path)


# --- answers -----------------------------------------------------------------------------------------------------


class _Writer:
    """Writes the pieces of a stream; a call comes whole."""

    def __init__(self, _prompt: Prompt, _identity: AnswerIdentity) -> None:
        self._open = PartStart("text")
        self._arguments = ""

    def send(self, event: Event) -> Iterable[StreamMessage]:
        return [StreamMessage("", msgspec.json.encode(piece)) for piece in self.pieces(event)]

    def fail(self, failure: Failure) -> Iterable[StreamMessage]:
        return [_write_break(failure)]

    def pieces(self, event: Event) -> Iterator[JSON]:
        match event:
            case PartStart():
                self._open, self._arguments = event, ""
            case Delta(text) if self._open.kind == "call":
                self._arguments += text
            case Delta(text):
                yield {"reasoning" if self._open.kind == "reasoning" else "response": clean(text)}
            case PartStop(cut=cut) if self._open.kind == "call":
                call = self._open
                arguments = write_arguments(self._arguments, custom=call.custom, cut=cut)
                if arguments is not None:
                    yield {"call": clean(call.id), "name": clean(call.name), "arguments": arguments}
            case Finish(reason):
                yield {"done": True, "reason": reason}
            case _:
                pass


def _write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    writer = _Writer(prompt, identity)
    whole: JSON = {"response": "", "reasoning": "", "calls": []}
    for piece in (piece for event in unfold(answer) for piece in writer.pieces(event)):
        if "call" in piece:
            whole["calls"].append(piece)
        else:
            whole |= {name: whole[name] + value if name in whole else value for name, value in piece.items()}
    return msgspec.json.encode(whole)


def _write_failure(failure: Failure) -> bytes:
    return msgspec.json.encode({"error": clean(failure.message), "field": failure.param and clean(failure.param)})


def _write_break(failure: Failure) -> StreamMessage:
    return StreamMessage("", _write_failure(failure))


# --- what is no chat -------------------------------------------------------------------------------------------------


def _read_embeddings(request: Request, _decode: Decode) -> EmbeddingsRequest:
    body = read_node(request.body)
    return EmbeddingsRequest(body.filled_text("model"), (body.filled_text("words"),))


def _write_embeddings(_request: EmbeddingsRequest, vectors: Vectors, usage: Usage, _nanoseconds: int = 0, /) -> bytes:
    return msgspec.json.encode({"numbers": vectors[0], "tokens": usage.input})


def _write_count(tokens: int) -> bytes:
    return msgspec.json.encode({"tokens": tokens})


INBOUND = Inbound(
    name="toy",
    peek=_peek,
    read_prompt=_read_prompt,
    writer=_Writer,
    write_answer=_write_answer,
    write_failure=_write_failure,
    write_break=_write_break,
    fields={"messages": "turns", "document": "turns", "messages.reasoning": "turns.reasoning"},
    clients=ClientFamily(vendor="Toy", path_prefixes=("/toy/",)),
    routes=Routes(
        prefixes=("/toy",),
        posts={
            "/say": "chat",
            "/embed": EmbeddingsDialect(read=_read_embeddings, write=_write_embeddings),
            "/count": TokenCount(read_prompt=_read_prompt, write=_write_count),
        },
    ),
)
DIALECT = Dialect(INBOUND)
