"""What is stored: responses with their own turn's items, and conversations.

Items are raw JSON, as clients sent and got them, so that neither keeping them nor chaining them parses a history.
"""

from enum import StrEnum

from msgspec import Struct

Items = tuple[bytes, ...]
"""Items of OpenAI Responses, each a JSON object with an `id`."""


class Status(StrEnum):
    """What has become of a response (https://platform.openai.com/docs/api-reference/responses/object)."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether it stays as it is."""
        return self not in {Status.QUEUED, Status.IN_PROGRESS}

    @property
    def is_chainable(self) -> bool:
        """Whether another response may follow it."""
        return self in {Status.COMPLETED, Status.INCOMPLETE}


class StoredResponse(Struct, frozen=True):
    """A response, and the items of its own turn; those of the turns before are its parent's."""

    id: str
    owner: str
    """Whose it is: nobody else finds it."""
    created: int
    """Unix seconds."""
    status: Status
    answer: bytes
    """The response object that the client got, its `output` left empty."""
    input: Items = ()
    """The request's own items, without those of its parent or conversation."""
    output: Items = ()
    parent: str | None = None
    """The `previous_response_id`."""
    conversation: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.answer) + sum(map(len, self.input)) + sum(map(len, self.output))


class StoredConversation(Struct, frozen=True):
    """A conversation; its items are kept beside it, in order."""

    id: str
    owner: str
    created: int
    metadata: bytes = b"{}"
    """A JSON object."""
