"""The observer that keeps the ledger: it puts finished exchanges into a queue, and a thread of its own writes them.

Whatever is wrong with the file, answers go on: what cannot be written waits, is tried again, and what is too much of it
is counted as lost. The thread begins with the first exchange and loads SQLite, which a server at rest does without.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from passenger.exchange import Exchange
from passenger.ledger.backlog import Backlog
from passenger.ledger.quota_samples import sample_of
from passenger.quota.quota import Quota, QuotaSource

if TYPE_CHECKING:
    from passenger.ledger.writer import LedgerWriter

log = logging.getLogger(__name__)

INTERVAL = 0.5
"""Seconds for which rows gather before they are written: what is killed loses the rows of as long."""

RETRY = 5.0
"""Seconds until a file that could not be used is tried again."""

QUEUE = 10_000
"""Finished exchanges that may wait for the thread."""

SAMPLES = 1000
"""Samples of quotas that may wait; no more are taken."""

LAST = 10.0
"""Seconds that the thread is waited for at the end. Where the file cannot be used it gives up sooner by itself."""


class Ledger:
    """An `Observer` that queues, never waits and never raises. A process has one for a file, which others may share."""

    def __init__(
        self,
        path: Path,
        keep_days: int,
        clock: Callable[[], float] = time.time,
        *,
        interval: float = INTERVAL,
        retry: float = RETRY,
    ) -> None:
        self.path, self._keep_days, self._clock = path, keep_days, clock
        self._interval, self._retry = interval, retry
        self._backlog = Backlog()
        self._thread: threading.Thread | None = None
        self._writer: LedgerWriter | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Queue a finished exchange, if it reached a model."""
        if exchange.is_billed:
            backlog = self._backlog
            if len(backlog.fresh) >= QUEUE:
                backlog.lost.add(backlog.fresh.popleft().time)
            backlog.fresh.append(exchange)
            if not backlog.is_awake:
                self._start()

    def keep_quota(self, seat: str, quota: Quota, source: QuotaSource) -> None:
        """Queue what a seat's counter says now."""
        backlog = self._backlog
        sample = sample_of(seat, self._clock(), quota, source)
        if sample is not None and len(backlog.samples) < SAMPLES:
            backlog.samples.append(sample)
            if not backlog.is_awake:
                self._start()

    def begin(self) -> None:
        """Name the writers that were killed, if there may be any."""
        if _has_locks(self.path):
            self._start()

    def trouble(self) -> str | None:
        """Why rows are not written just now, how many wait and are lost, and what to type; None if all is well."""
        backlog = self._backlog
        if (why := backlog.trouble) is None:
            return None
        return f"{len(backlog)} requests wait to be written and {backlog.lost.count} are lost: {why}"

    def close(self) -> None:
        """Write all that waits, and let the file go. It takes at most `LAST` seconds, and the thread is at its end."""
        backlog = self._backlog
        backlog.closing.set()
        if self._thread is None:
            return
        backlog.wake.set()
        self._thread.join(LAST)
        if left := len(backlog) + backlog.lost.count:
            log.error("%d requests are missing in the ledger: %s", left, backlog.trouble or "it took too long")

    def _start(self) -> None:
        """Wake the thread, which is made the first time."""
        self._backlog.is_awake = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="ledger", daemon=True)
            self._thread.start()
        self._backlog.wake.set()

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _live(self) -> None:
        """Write until the end; a defect of ours is told, and costs no more than a pause."""
        while True:
            is_last = self._backlog.closing.is_set()
            try:
                self._made_writer().run()
            except Exception:
                log.exception("the writer of the ledger has failed and is started again")
            else:
                return
            if is_last:
                return
            self._backlog.closing.wait(self._retry)

    def _made_writer(self) -> "LedgerWriter":
        if self._writer is None:
            from passenger.ledger.retention import Retention  # noqa: PLC0415 - SQLite is a megabyte
            from passenger.ledger.writer import LedgerWriter  # noqa: PLC0415 - as above

            self._writer = LedgerWriter(
                self.path,
                self._backlog,
                Retention(self._keep_days),
                clock=self._clock,
                interval=self._interval,
                retry=self._retry,
            )
        return self._writer


def _has_locks(path: Path) -> bool:
    """Whether a lock stands beside a ledger: a writer that was killed leaves one."""
    try:
        names = [file.name for file in path.parent.iterdir()]
    except OSError:
        return False
    return any(name.startswith(f"{path.name}-") and name.endswith(".lock") for name in names)
