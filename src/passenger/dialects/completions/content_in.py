"""The content of a client's message as parts; it hides the many shapes that it may take.

Facts: OpenAI's API reference ("Create chat completion"); nothing is fetched, so pictures and files must be there.
"""

import re
from collections.abc import Iterator

from passenger.chat import Document, Image, Refusal, Text
from passenger.decoding import JSON, expect, invalid, optional, required

_DATA_URL = re.compile(r"data:([\w.+/-]+)(?:;[\w.=+-]+)*;base64", re.IGNORECASE)
_HEAD = 1000
"""Characters of a data URL before its data, at most."""

Content = Text | Refusal | Image | Document


def is_cached(block: JSON) -> bool:
    """Whether the client set a prompt-cache breakpoint after this message, part or tool."""
    return bool(block.get("copilot_cache_control") or block.get("cache_control"))


def content_of(content: object, place: str) -> Iterator[Content]:
    """The parts of a content, which is a string, a list of parts, or nothing; empty texts vanish.

    Raises:
        Failure: a part is of a kind that no translation can carry.
    """
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield Text(content)
        return
    for index, part in enumerate(expect(content, list, place)):
        yield from _part(expect(part, dict, f"{place}[{index}]"), f"{place}[{index}]")


def _part(part: JSON, place: str) -> Iterator[Content]:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            if text := required(part, "text", str, f"{place}."):
                yield Text(text, is_cached(part))
        case "refusal":
            yield Refusal(required(part, "refusal", str, f"{place}."))
        case "image_url" | "input_image":
            yield _image(part, place)
        case "file":
            yield _file(part, place)
        case kind:
            raise invalid(f"{place}: {kind!r} parts cannot be carried to this model", f"{place}.type")


def _image(part: JSON, place: str) -> Image:
    """The picture of a part; its URL may stand in an object or alone, with `detail` beside it."""
    source = part.get("image_url")
    if isinstance(source, str):
        url, detail, field = source, optional(part, "detail", str, f"{place}."), f"{place}.image_url"
    else:
        image, field = expect(source, dict, f"{place}.image_url"), f"{place}.image_url.url"
        url = required(image, "url", str, f"{place}.image_url.")
        detail = optional(image, "detail", str, f"{place}.image_url.")
    return Image(*_data(url, field), detail, is_cached(part))


def _file(part: JSON, place: str) -> Document:
    file = required(part, "file", dict, f"{place}.")
    if file.get("file_id"):
        raise invalid(f"{place}.file.file_id: there are no files here; send file_data", f"{place}.file.file_id")
    data = _data(required(file, "file_data", str, f"{place}.file."), f"{place}.file.file_data")
    return Document(*data, optional(file, "filename", str, f"{place}.file."), is_cached(part))


def _data(url: str, place: str) -> tuple[str, str]:
    """The media type and the base64 of a data URL."""
    head, _, data = url.partition(",")
    found = _DATA_URL.fullmatch(head) if len(head) <= _HEAD else None
    if found is None or head == url:
        message = f"{place}: only data URLs with base64 can be carried, nothing is fetched; send the bytes themselves"
        raise invalid(message, place)
    return found[1].lower(), data
