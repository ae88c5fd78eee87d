"""One part of a turn, as the parts of the hub that it is; it hides Google's ways to say what kind of part it is.

Facts: Google's API reference ("Part", "Blob", "FunctionCall", "FunctionResponse", "Thought signatures").
"""

import base64
import binascii
import re

import msgspec

from passenger import seals
from passenger.arguments import read_arguments
from passenger.chat import Document, Image, Part, Text, Thought, ToolCall
from passenger.decoding import JSON, invalid, mended, optional, required, standard_base64
from passenger.dialects.gemini.repeated import objects
from passenger.errors import Failure

_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_DUMMIES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_NO_SIGNATURES = frozenset({*_DUMMIES, *(base64.b64encode(dummy.encode()).decode() for dummy in _DUMMIES)})
"""What clients send where they have no signature, so that Google does not ask for one; some encode it, as all bytes."""

_ABOUT = frozenset({"thought", "thoughtSignature", "mediaResolution", "mediaProcessing"})
"""What says something of a part and is none; so are the fields that end with `Metadata`."""

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64")
_HEAD = 1000
"""Characters of a data URL before its data, at most."""

_ALPHABET = str.maketrans("-_", "+/")


def read_call(call: JSON, made_up_id: str, place: str) -> ToolCall:
    """A call by the model; most clients leave its id out."""
    name = required(call, "name", str, f"{place}.")
    if not name:
        raise invalid(f"{place}.name must not be empty", f"{place}.name")
    call_id = optional(call, "id", str, f"{place}.") or made_up_id
    return ToolCall(call_id, name, read_arguments(call.get("args"), f"{place}.args"))


def read_signature(part: JSON, place: str) -> Thought | None:
    """The sealed thought that led to this part. Clients decode and encode it, in either alphabet of base64."""
    text = optional(part, "thoughtSignature", str, f"{place}.")
    if not text or text in _NO_SIGNATURES:
        return None
    standard = text.translate(_ALPHABET).rstrip("=")
    standard += "=" * (-len(standard) % 4)
    return seals.unwrap_thought(standard if seals.is_wrapped(standard) else text, "gemini")


def read_content(part: JSON, place: str) -> Part | None:
    """What a part says, None where it says nothing.

    Raises:
        Failure: no translation can carry it.
    """
    match part:
        case {"text": str(text)} if text:
            return Thought(text) if part.get("thought") is True else Text(text)
        case {"inlineData": dict(data)}:
            return read_data(data, f"{place}.inlineData")
        case {"fileData": dict(data)}:
            return _file(data, f"{place}.fileData")
        case {"executableCode": dict(code)}:
            return Text(f"```{str(code.get('language', '')).lower()}\n{code.get('code', '')}\n```")
        case {"codeExecutionResult": dict(result)}:
            return Text(str(result.get("output", "")) or "(no output)")
        case _:
            _refuse_unknown(part, place)
            return None


def _refuse_unknown(part: JSON, place: str) -> None:
    """Let a part pass that says nothing; what one of a kind that is not known says would be lost in silence."""
    for name, value in part.items():
        if value not in (None, "", {}, []) and name not in _ABOUT and not name.endswith("Metadata"):
            raise invalid(f"{place}.{name} is no part that can be carried to this model", f"{place}.{name}")


def read_data(data: JSON, place: str) -> Image | Document | Text:
    """Bytes that come with the request.

    Raises:
        Failure: they are not base64, or neither a picture, a PDF nor text.
    """
    kind = required(data, "mimeType", str, f"{place}.").lower().partition(";")[0]
    encoded = _checked(required(data, "data", str, f"{place}."), place)
    if kind in _IMAGES:
        return Image(kind, encoded)
    if kind == "application/pdf":
        return Document(kind, encoded, optional(data, "displayName", str, f"{place}."))
    if kind.startswith("text/"):
        return Text(base64.b64decode(encoded).decode("utf-8", "replace"))
    raise invalid(f"{place}: data of type {kind!r} cannot be carried to this model", place)


def _checked(text: str, place: str) -> str:
    """Base64 in the usual alphabet, with its padding."""
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
    return invalid(f"{place}.data is not base64", f"{place}.data")


def _file(data: JSON, place: str) -> Image | Document | Text:
    uri = required(data, "fileUri", str, f"{place}.")
    head, _, encoded = uri.partition(",")
    url = _DATA_URL.fullmatch(head) if len(head) <= _HEAD else None
    if url is None or head == uri:
        raise invalid(f"{place}: only data that comes with the request can be carried; send it as inlineData", place)
    return read_data({"mimeType": url[1], "data": encoded}, place)


def read_result(result: JSON, place: str) -> tuple[tuple[Text | Image | Document, ...], bool]:
    """What a tool gave back, and whether it failed."""
    response = result.get("response")
    text, failed = _told(response)
    media = [_media(part, inner) for inner, part in objects(result, "parts", f"{place}.")]
    return (*((Text(text),) if text or not media else ()), *media), failed


def _media(part: JSON, place: str) -> Image | Document | Text:
    """What a tool gave back beside its words: bytes, or a file that is one."""
    if (file := optional(part, "fileData", dict, f"{place}.")) is not None:
        return _file(file, f"{place}.fileData")
    return read_data(required(part, "inlineData", dict, f"{place}."), f"{place}.inlineData")


def _told(response: object) -> tuple[str, bool]:
    """The words of a result: of an object with one text only that, else the JSON."""
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
            return _json(error), True
        case _:
            return _json(response), False


def _json(value: object) -> str:
    return mended(msgspec.json.encode(value).decode())
