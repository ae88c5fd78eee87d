"""Serves each stream in a task, and answers 500 for an application that fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from passenger.server.stream import Stream

log = logging.getLogger(__name__)

Application = Callable[[Stream], Awaitable[None]]
"""Answers a stream before it returns."""

SORRY = b"Internal Server Error"
_SORRY_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(SORRY)),
    (b"connection", b"close"),
)


class Serving:
    """The streams that an application serves now."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._tasks: dict[Stream, asyncio.Task[None]] = {}

    def serve(self, stream: Stream) -> None:
        """Begin to serve a stream."""
        self._tasks[stream] = stream.loop.create_task(self._run(stream))

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those that are not done."""
        return list(self._tasks.values())

    async def _run(self, stream: Stream) -> None:
        try:
            await self._app(stream)
            if not stream.ended:
                log.error("the application left its answer unfinished")
                _apologize(stream)
        except Exception:
            log.exception("the application failed")
            _apologize(stream)
        except BaseException:
            stream.abort()
            raise
        finally:
            del self._tasks[stream]


def _apologize(stream: Stream) -> None:
    if stream.started:
        stream.abort()
    else:
        stream.answer(500, _SORRY_HEADERS, SORRY)
