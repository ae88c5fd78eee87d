"""Pictures as clients of Ollama send them, base64 and no more; it hides how a picture's type is known."""

import binascii
import re

from passenger.chat import Image
from passenger.decoding import JSON, expect, invalid, optional

_DATA_URL = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_HEAD = 32
"""Base64 digits that hold every beginning below."""

_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)


def read_images(owner: JSON, place: str = "") -> tuple[Image, ...]:
    """The pictures of a message or a request; an empty list is normal.

    Raises:
        Failure: one is not base64, or of no type that a model takes.
    """
    images = optional(owner, "images", list, place) or ()
    return tuple(_image(expect(one, str, at), at) for n, one in enumerate(images) if (at := f"{place}images[{n}]"))


def _image(text: str, place: str) -> Image:
    url = _DATA_URL.match(text)
    data = text[url.end() :] if url else text
    if "\n" in data or "\r" in data:
        data = data.encode("utf-8", "replace").translate(None, b" \t\n\r\v\f").decode()
    return Image(_media_type(data, place), data)


def _media_type(data: str, place: str) -> str:
    try:
        head = binascii.a2b_base64(data[:_HEAD], strict_mode=True)
    except ValueError as error:
        raise invalid(f"{place} must be an image as base64: nothing is fetched", place) from error
    for beginning, media_type in _BEGINNINGS:
        if beginning.match(head):
            return media_type
    raise invalid(f"{place} must be a PNG, JPEG, GIF or WebP image", place)
