"""Documents as Chat Completions takes them: as text, where they are text; Copilot has no place for others there."""

import base64
import binascii
from typing import Any

from passenger.chat import Document
from passenger.dialects.completions.caching import mark
from passenger.errors import Failure, Kind

JSON = dict[str, Any]


def document(part: Document) -> JSON:
    """A part with the words of a document, its name before them.

    Raises:
        Failure: it is no text, or no base64.
    """
    kind = part.media_type.partition(";")[0].strip().casefold()
    if not kind.startswith("text/") and kind != "application/json":
        message = f"this model takes no documents ({part.media_type}); send their text, or pages as images"
        raise Failure(Kind.INVALID, message, param="document")
    words = f"{part.name}:\n\n{_text(part)}" if part.name else _text(part)
    return mark({"type": "text", "text": words}, part.cache)


def _text(part: Document) -> str:
    try:
        return base64.b64decode(part.data).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise Failure(Kind.INVALID, "a document is not valid base64", param="document") from error
