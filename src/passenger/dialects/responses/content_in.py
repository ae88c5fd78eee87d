"""What a message or a tool's output holds, as parts of the neutral chat; it hides data URLs."""

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from passenger.chat import Document, Image, Part, Refusal, Text
from passenger.decoding import invalid
from passenger.dialects.responses.node import Node

Shown = Text | Image | Document

_HEAD = 1000
"""Characters of a data URL before its data, at most."""

_PIECE = 64 * 1024


def read_content(node: Node, name: str) -> tuple[Part, ...]:
    """The parts of a message's content, which is a string or a list of them."""
    if isinstance(node.get(name), str):
        return (Text(node.words(name)),)
    if node.get(name) is None:
        raise invalid(f"{node.at(name)} is missing", node.at(name))
    return tuple(_read_part(part) for part in node.nodes(name))


def read_output(node: Node, name: str) -> tuple[Shown, ...]:
    """The parts of what a tool gave back.

    Raises:
        Failure: there is one that a tool cannot give back.
    """
    parts = read_content(node, name)
    shown = tuple(part for part in parts if isinstance(part, Shown))
    if len(shown) < len(parts):
        raise invalid(f"{node.at(name)} may hold text, images and files", node.at(name))
    return shown


def _read_part(part: Node) -> Part:
    match part.type:
        case "input_text" | "output_text" | "text":
            return Text(part.words("text"))
        case "refusal":
            return Refusal(part.words("refusal"))
        case "input_image":
            return _read_image(part)
        case "input_file":
            return _read_file(part)
        case kind:
            raise invalid(f"a part of type {kind!r} cannot be carried to this model", part.at("type"))


def _read_image(part: Node) -> Image:
    if part.get("file_id") is not None:
        raise invalid("no files are kept here: send the image as a data URL", part.at("file_id"))
    url = part.word("image_url")
    if not url.lower().startswith("data:"):
        message = "an image must be a data URL (data:image/png;base64,...): it is not fetched from elsewhere"
        raise invalid(message, part.at("image_url"))
    media_type, data = _read_data_url(url, part.at("image_url"))
    return Image(media_type, data, part.text("detail"))


def _read_file(part: Node) -> Document:
    for name in ("file_id", "file_url"):
        if part.get(name) is not None:
            raise invalid("no files are kept or fetched here: send the file itself as file_data", part.at(name))
    data, media_type = part.word("file_data"), "application/pdf"
    if data[:5].lower() == "data:":
        media_type, data = _read_data_url(data, part.at("file_data"))
    return Document(media_type, data, part.text("filename"))


def _read_data_url(url: str, place: str) -> tuple[str, str]:
    """The media type and the base64 of a data URL (RFC 2397), one that is percent-encoded included."""
    head, comma, data = url[5:].partition(",")
    media_type, *attributes = head[:_HEAD].split(";")
    if not comma or len(head) > _HEAD:
        raise invalid(f"{place} is not a data URL", place)
    if "base64" not in (attribute.strip().lower() for attribute in attributes):
        data = b64encode(b"".join(map(unquote_to_bytes, _pieces(data.encode())))).decode()
    return media_type.strip().lower() or "application/octet-stream", data


def _pieces(quoted: bytes) -> Iterator[bytes]:
    """Percent-encoded bytes in pieces, none of which ends within an escape: each escape costs a list entry or two."""
    start = 0
    while start < len(quoted):
        end = start + _PIECE
        end += (quoted.rfind(b"%", end - 2, end) + 3 - end) if quoted.rfind(b"%", end - 2, end) >= 0 else 0
        yield quoted[start:end]
        start = end
