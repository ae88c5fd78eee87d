"""The one error that crosses layers, and the closed set of things that can go wrong.

    Failure
      caller's fault     INVALID 400 · NOT_FOUND 404 · TOO_LARGE 413 · MEDIA_TYPE 415
      login or licence   LOGIN 401 · FORBIDDEN 403
      limits             QUOTA 402 · RATE_LIMIT 429
      Copilot or GitHub  UPSTREAM 502 · UNAVAILABLE 503 · TIMEOUT 504
      ours               INTERNAL 500

A `Kind` says whose fault it is; the status may be any that upstream answered. How a failure is spelled for a
client is its dialect's business.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """Whose fault it is, as one word for logs and records."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    MEDIA_TYPE = "media_type"
    LOGIN = "login"
    FORBIDDEN = "forbidden"
    QUOTA = "quota"
    RATE_LIMIT = "rate_limit"
    UPSTREAM = "upstream"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


STATUS = {
    Kind.INVALID: 400,
    Kind.LOGIN: 401,
    Kind.QUOTA: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.TOO_LARGE: 413,
    Kind.MEDIA_TYPE: 415,
    Kind.RATE_LIMIT: 429,
    Kind.INTERNAL: 500,
    Kind.UPSTREAM: 502,
    Kind.UNAVAILABLE: 503,
    Kind.TIMEOUT: 504,
}

ResponseHeaders = tuple[tuple[str, str], ...]
"""Headers that go down to a client: names in small letters, and values."""

KIND = {status: kind for kind, status in STATUS.items()}


BUDGET_EXCEEDED = "budget_exceeded"
"""The code of a request that a budget has no room for. Clients are told so that they do not ask again."""

LONGEST = 2000
"""Characters of a message, which may repeat what a client or upstream said."""

_LONGEST_NAME = 300
"""Characters of a field, a code or a type."""


def _short(name: str | None) -> str | None:
    return name if name is None or len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def kind_of(status: int) -> Kind:
    """The kind that an upstream status (400 and above) amounts to."""
    if status in KIND:
        return KIND[status]
    return Kind.UPSTREAM if status >= 500 else Kind.INVALID


@dataclass(eq=False)
class Failure(Exception):  # noqa: N818 - it is also the record of a failed request, not only something raised
    """What went wrong, for a person to read and a program to match.

    `status` is the HTTP status for the client; `code` and `param` follow OpenAI's error object; `retry_after` is
    upstream's own `Retry-After` text (seconds or a date); `headers` are upstream's headers a client may see;
    `overflow` is how many tokens a prompt had that is too long, and the limit, where both are known.
    """

    kind: Kind
    message: str
    status: int = 0
    code: str | None = None
    param: str | None = None
    type: str | None = None
    retry_after: str | None = None
    headers: ResponseHeaders = field(default=())
    overflow: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Fill in the status that belongs to the kind, where none is given."""
        self.status = self.status or STATUS[self.kind]
        if len(self.message) > LONGEST:
            self.message = f"{self.message[: LONGEST - 3]}..."
        self.param, self.code, self.type = _short(self.param), _short(self.code), _short(self.type)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def but(self, **changes: object) -> "Failure":
        """The same failure with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the names are checked by replace()
