"""Errors in Copilot's streams of Chat Completions, as failures."""

from passenger.dialects.copilot_errors import recognize_overflow
from passenger.errors import STATUS, Failure, Kind, kind_of


def mid_stream_failure(error: object) -> Failure:
    """The failure of an error event, whose `code` may be an HTTP status."""
    fields = error if isinstance(error, dict) else {"message": error}
    code, message = fields.get("code"), fields.get("message")
    status = code if isinstance(code, int) and 400 <= code < 600 else STATUS[Kind.UPSTREAM]
    words = message if isinstance(message, str) and message else "Copilot's stream failed"
    return recognize_overflow(Failure(kind_of(status), words, status=status, code=str(code) if code else None))
