"""The requests of one run, gathered while it lasts: a server remembers its last ones alone."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from passenger.clients.proof import AGENT
from passenger.control.client import ServerError
from passenger.control.records import RequestRecord

INTERVAL = 20.0
"""Seconds between two looks."""

SETTLING = 0.2
"""Seconds in which the requests end that a client has dropped by ending."""

Requests = Callable[[float | None], Sequence[RequestRecord]]


class Meter:
    """Looks at a server's requests since a Unix time; those with a tag, or all where there is none.

    On leaving the block `records` has them all.
    """

    def __init__(self, requests: Requests, since: float, tag: str | None) -> None:
        self._requests = requests
        self._since = since
        self._tag = tag
        self._found: dict[str, RequestRecord] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        threading.Event().wait(SETTLING)
        self.look()

    @property
    def records(self) -> Sequence[RequestRecord]:
        """Those that were found, the oldest first."""
        return list(self._found.values())

    def look(self) -> None:
        """Take what is new; a server that does not answer has nothing new."""
        with suppress(ServerError):
            for record in self._requests(self._since):
                if self._is_ours(record):
                    self._found[record.id] = record
                    self._since = max(self._since, record.ended - 1)

    def _is_ours(self, record: RequestRecord) -> bool:
        if self._tag is not None:
            return record.tag == self._tag
        return not record.user_agent.startswith(AGENT)

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            self.look()
