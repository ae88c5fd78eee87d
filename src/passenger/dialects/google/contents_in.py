"""Reads `contents` and `systemInstruction` as messages.

A turn has parts: https://ai.google.dev/api/caching#Content. Most clients send calls and results without ids. A thought
signature stands on the part after the thought: https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

import base64
import binascii
import re

import msgspec

from passenger.chat import signatures
from passenger.chat.arguments import read_arguments
from passenger.chat.pending_calls import PendingCalls
from passenger.chat.prompt import Document, Image, Message, Part, Reasoning, Role, Signature, Text, ToolCall, ToolResult
from passenger.dialects.google.fields import read_repeated
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import invalid, standard_base64
from passenger.jsontext.surrogates import replace_surrogates

_ROLES: dict[str, Role] = {
    "user": "user",
    "function": "user",
    "tool": "user",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}


def read_contents(body: JsonNode) -> tuple[Message, ...]:
    """The turns of the conversation, without empty ones. Only beside a system instruction may all be empty."""
    pending, turns = PendingCalls(), list[Message]()
    for number, turn in enumerate(read_repeated(body, "contents")):
        message = Message(_read_role(turn), tuple(_Turn(number, pending).read(turn)))
        if message.parts:
            turns.append(message)
        if message.parts and message.role == "user":
            pending.end_turn()
    if not turns and not (body.get("contents") and body.get("systemInstruction")):
        raise invalid("contents must not be empty", "contents")
    return tuple(turns)


def read_system(body: JsonNode) -> tuple[Message, ...]:
    """The system instruction, which is a text or has parts; no message if it is absent or empty."""
    match body.get("systemInstruction"):
        case None:
            return ()
        case str(text):
            content = JsonNode({"parts": [{"text": text}]})
        case _:
            content = body.required_node("systemInstruction")
    parts = _Turn(0, PendingCalls()).read(content)
    return (Message("system", tuple(parts)),) if parts else ()


def _read_role(turn: JsonNode) -> Role:
    name = turn.text("role") or "user"
    if name not in _ROLES:
        raise invalid(f"{turn.at('role')} {name!r} is neither user nor model", turn.at("role"))
    return _ROLES[name]


class _Turn:
    """Reads the parts of one turn."""

    def __init__(self, number: int, pending: PendingCalls) -> None:
        self._number = number
        self._pending = pending
        self._results: list[ToolResult] = []
        self._parts: list[Part] = []
        self._calls = 0
        self._reasoning: list[str] = []
        """The pieces of a thought whose signature has not come yet."""

    def read(self, turn: JsonNode) -> list[Part]:
        """The parts of the turn, results first."""
        for part in read_repeated(turn, "parts"):
            self._add(part)
        self._end_reasoning()
        self._pending.add([part for part in self._parts if isinstance(part, ToolCall)])
        return [*self._results, *self._parts]

    def _add(self, part: JsonNode) -> None:
        read, signed = self._read_part(part), _read_signature(part)
        if isinstance(read, Reasoning):
            self._reasoning.append(read.text)
            read = None
        if signed is not None:
            # The signature is of the thought before this part. Its words count: clients drop or change the thought's.
            self._end_reasoning(signed.signature, signed.text)
        if isinstance(read, ToolResult):
            self._results.append(read)
        elif read is not None:
            self._end_reasoning()
            self._parts.append(read)

    def _read_part(self, part: JsonNode) -> Part | None:
        if (call := part.node("functionCall")) is not None:
            self._calls += 1
            return _read_call(call, f"call_{self._number}_{self._calls - 1}")
        if (result := part.node("functionResponse")) is not None:
            return self._read_result(result)
        return _read_content(part)

    def _end_reasoning(self, signature: Signature | None = None, words: str = "") -> None:
        """Join the pieces of a thought, which clients keep as they came in a stream."""
        if self._reasoning or signature:
            self._parts.append(Reasoning(words or "".join(self._reasoning), signature))
            self._reasoning = []

    def _read_result(self, result: JsonNode) -> ToolResult:
        name = result.text("name")
        call = self._pending.take(result.text("id"), name)
        if call is None:
            raise invalid(f"{result.path} answers no call", result.path)
        content, failed = _read_output(result)
        return ToolResult(call.id, content, failed)


# --- one part of a turn ------------------------------------------------------------------------------------------


_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_DUMMIES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_NO_SIGNATURES = frozenset({*_DUMMIES, *(base64.b64encode(dummy.encode()).decode() for dummy in _DUMMIES)})
"""Placeholders that clients send instead of a missing signature, plain or as base64."""

_ABOUT = frozenset({"thought", "thoughtSignature", "mediaResolution", "mediaProcessing"})
"""Fields about a part, as are those that end with `Metadata`."""

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64")
_HEAD = 1000
"""The maximum number of characters of a data URL before its data."""

_ALPHABET = str.maketrans("-_", "+/")


def _read_call(call: JsonNode, made_up_id: str) -> ToolCall:
    """A call by the model. Most clients leave its id out, so the caller makes one up."""
    name = call.filled_text("name")
    call_id = call.text("id") or made_up_id
    return ToolCall(call_id, name, read_arguments(call.get("args"), call.at("args")))


def _read_signature(part: JsonNode) -> Reasoning | None:
    """The signature on a part, with the words of its thought. Clients re-encode it, in either alphabet of base64."""
    text = part.text("thoughtSignature")
    if not text or text in _NO_SIGNATURES:
        return None
    standard = text.translate(_ALPHABET).rstrip("=")
    standard += "=" * (-len(standard) % 4)
    return signatures.unwrap_reasoning(standard if signatures.is_wrapped(standard) else text, "gemini")


def _read_content(part: JsonNode) -> Part | None:
    """The content of a part, None if it has none."""
    match part.fields:
        case {"text": str(text)} if text:
            return Reasoning(text) if part.get("thought") is True else Text(text)
        case {"inlineData": dict()}:
            return _read_data(part.required_node("inlineData"))
        case {"fileData": dict()}:
            return _read_file(part.required_node("fileData"))
        case {"executableCode": dict(code)}:
            return Text(f"```{str(code.get('language', '')).lower()}\n{code.get('code', '')}\n```")
        case {"codeExecutionResult": dict(result)}:
            return Text(str(result.get("output", "")) or "(no output)")
        case _:
            _refuse_unknown(part)
            return None


def _refuse_unknown(part: JsonNode) -> None:
    """Refuse a part of an unknown kind, unless it is empty."""
    for name, value in part.fields.items():
        if value not in (None, "", {}, []) and name not in _ABOUT and not name.endswith("Metadata"):
            raise invalid(f"{part.at(name)} is no part that can be carried to this model", part.at(name))


def _read_data(data: JsonNode) -> Image | Document | Text:
    """Inline data: a picture, a PDF or a text. Fails for anything else."""
    kind = data.required_text("mimeType").lower().partition(";")[0]
    encoded = _read_base64(data.required_text("data"), data.at("data"))
    if kind in _IMAGES:
        return Image(kind, encoded)
    if kind == "application/pdf":
        return Document(kind, encoded, data.text("displayName"))
    if kind.startswith("text/"):
        return Text(base64.b64decode(encoded).decode("utf-8", "replace"))
    raise invalid(f"{data.path}: data of type {kind!r} cannot be carried to this model", data.path)


def _read_base64(text: str, place: str) -> str:
    """Base64 in the standard alphabet, padded. Google takes the URL-safe one, too."""
    standard = standard_base64(text)
    if standard is None:
        raise _not_base64(place)
    standard += "=" * (-len(standard) % 4)
    try:
        binascii.a2b_base64(standard, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise _not_base64(place) from error
    return standard


def _not_base64(place: str) -> Failure:
    return invalid(f"{place} is not base64", place)


def _read_file(data: JsonNode) -> Image | Document | Text:
    uri = data.required_text("fileUri")
    head, _, encoded = uri.partition(",")
    url = _DATA_URL.fullmatch(head) if len(head) <= _HEAD else None
    if url is None or head == uri:
        message = f"{data.path}: only data that comes with the request can be carried; send it as inlineData"
        raise invalid(message, data.path)
    return _read_data(JsonNode({"mimeType": url[1], "data": encoded}, data.path))


def _read_output(result: JsonNode) -> tuple[tuple[Text | Image | Document, ...], bool]:
    """The content of a tool's result, and whether the tool failed."""
    response = result.get("response")
    text, failed = _read_response(response)
    media = [_read_media(part) for part in read_repeated(result, "parts")]
    return (*((Text(text),) if text or not media else ()), *media), failed


def _read_media(part: JsonNode) -> Image | Document | Text:
    """A file in a tool's result: inline data, or a data URL."""
    if (file := part.node("fileData")) is not None:
        return _read_file(file)
    return _read_data(part.required_node("inlineData"))


def _read_response(response: object) -> tuple[str, bool]:
    """The text of a response, and whether it is an error: a single text field's value, or else the JSON."""
    match response:
        case None:
            return "", False
        case str(text):
            return text, False
        case {"error": str(text), **rest} if not rest:
            return text, True
        case {"output": str(text), **rest} | {"result": str(text), **rest} | {"content": str(text), **rest} if not rest:
            return text, False
        case {"error": error, **rest} if error and not rest:
            return _write_json(error), True
        case _:
            return _write_json(response), False


def _write_json(value: object) -> str:
    return replace_surrogates(msgspec.json.encode(value).decode())
