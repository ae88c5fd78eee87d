"""What goes down to the client."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Delivery:
    """What goes down to the client: a whole body, or the pieces of a stream, each of them whole messages.

    A block that ends the upstream request of a stream when it is left, finished or not.
    """

    content_type: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | AsyncGenerator[bytes, None]
    _close: Callable[[], None] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._close is not None:
            self._close()
