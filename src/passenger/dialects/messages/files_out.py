"""Pictures and documents as Anthropic takes them; it hides that a document may be text."""

import base64
import binascii
from typing import Any

from passenger.chat import Document, Image
from passenger.dialects.messages.caching import mark
from passenger.errors import Failure, Kind

JSON = dict[str, Any]

_PDF = "application/pdf"


def image(part: Image, dropped: list[str]) -> JSON:
    """A picture; OpenAI's `detail` has no word here."""
    if part.detail not in {None, "auto"}:
        dropped.append("detail")
    source = {"type": "base64", "media_type": part.media_type, "data": part.data}
    return mark({"type": "image", "source": source}, part.cache)


def document(part: Document) -> JSON:
    """A document: a PDF as it is, text as text.

    Raises:
        Failure: it is neither.
    """
    written: JSON = {"type": "document", "source": _source(part)}
    if part.name:
        written["title"] = part.name
    return mark(written, part.cache)


def _source(part: Document) -> JSON:
    kind = part.media_type.partition(";")[0].strip().casefold()
    if kind == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": part.data}
    if kind.startswith("text/") or kind == "application/json":
        return {"type": "text", "media_type": "text/plain", "data": _text(part)}
    message = f"this model reads documents of PDF and of text, not {part.media_type!r}"
    raise Failure(Kind.INVALID, message, param="messages")


def _text(part: Document) -> str:
    try:
        return base64.b64decode(part.data).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise Failure(Kind.INVALID, "a document is not valid base64", param="messages") from error
