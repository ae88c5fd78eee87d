"""The events of blocks that have begun while another was open; it hides how each block's are kept together."""

from collections import deque

from passenger.dialects.messages.wire import WireEvent
from passenger.events import PARTS_LIMIT, too_many_parts


class PendingBlocks:
    """The blocks in the order in which they began, each with its events in theirs."""

    def __init__(self) -> None:
        self._line: deque[list[WireEvent]] = deque()
        self._growing: dict[int, list[WireEvent]] = {}
        """The block of each index that has not ended."""

    def put(self, event: WireEvent) -> None:
        """Keep one event.

        Raises:
            Failure: too many blocks are waiting.
        """
        block = self._growing.get(event.index)
        if block is None:
            block = self._growing[event.index] = self._begin()
        block.append(event)
        if event.type == "content_block_stop":
            del self._growing[event.index]

    def take(self) -> list[WireEvent]:
        """The events of the block that began first, nothing where none waits."""
        if not self._line:
            return []
        block = self._line.popleft()
        if self._growing.get(block[0].index) is block:
            del self._growing[block[0].index]
        return block

    def _begin(self) -> list[WireEvent]:
        if len(self._line) >= PARTS_LIMIT:
            raise too_many_parts()
        block: list[WireEvent] = []
        self._line.append(block)
        return block
