"""A client's connection: serves its requests in turn, with deadlines, and limits on what the server keeps for it.

A request is served once the bytes that came together with its head are read. Mostly that is all of it, and no timer is
needed.
"""

import asyncio
import logging
from typing import Any

from passenger.errors import Failure
from passenger.net.deadline import Deadline
from passenger.server.http.refusals import (
    MOST_BEHIND,
    TOO_MANY_BEHIND,
    large_head,
    late,
    too_many_connections,
    write_refusal,
)
from passenger.server.http.request_reader import BODY, HEAD, NOTHING, RefusedRequestError, RequestReader, header_bytes
from passenger.server.http.send_buffer import SendBuffer
from passenger.server.http.service import Service
from passenger.server.http.stream import Stream

log = logging.getLogger(__name__)

LINGER = 2.0
"""Seconds that a connection stays open after its last answer while the client is still sending."""

MOST_UNREAD = 256 * 1024
"""Unread bytes of a body at which reading pauses: what an event loop reads at once."""

MOST_BEHIND_BYTES = 64 * 1024
"""Bytes of pipelined requests at which reading pauses."""


class ClientConnection(asyncio.Protocol):
    """One connection of a client. There may be thousands, so what is common to all is shared."""

    __slots__ = (
        "_behind",
        "_body_due",
        "_current",
        "_deadline",
        "_dropped",
        "_heard",
        "_is_closing",
        "_is_paused",
        "_is_serving",
        "_limits",
        "_reader",
        "_serve",
        "_service",
        "_waiting",
        "is_ending",
        "loop",
        "out",
        "transport",
    )

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self.out = SendBuffer()
        self.is_ending = False
        self._service = service
        self._serve = service.serve
        self._limits = service.limits
        self._reader = RequestReader(self, service.limits)
        self._deadline = Deadline(loop, self.too_late, service.timers)
        self._heard = False
        self._body_due = 0.0
        # what is being served
        self._current: Stream | None = None
        self._waiting: list[Stream] = []
        self._is_serving = self._is_paused = self._is_closing = False
        self._behind = self._dropped = 0

    # --- the connection ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:  # Any: uvloop's transports are asyncio's in all but their class
        """Accept the connection, or refuse it if there are too many."""
        self.transport = self.out.transport = transport
        self._reader.connection_made(transport)
        self._service.connections.add(self)
        if len(self._service.connections) > self._service.most:
            self._refuse(too_many_connections(self._service.most))
        else:
            self._deadline.set(self._limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request that is being served, at once."""
        self._is_closing = True
        self.out.lose(exc)
        self._deadline.end()
        self._service.connections.discard(self)
        self._let_go()
        self.out.release()
        self._reader.close()

    def eof_received(self) -> None:
        """Take the end of the client's bytes for its departure: the two look alike."""
        self._let_go()
        if self._is_closing:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Read what has come, serve what is complete, and set the deadline for the rest."""
        if self._is_closing:
            return
        reader = self._reader
        if self._is_in_vain or (reader.stage is NOTHING and reader.is_last):
            self._drop(len(data))
        self._heard = True
        refusal = reader.feed(data)
        if refusal is not None:
            self._refuse(refusal)
        if self._waiting:
            self._serve_on()
        if reader.stage is not NOTHING and not self._is_closing:
            self._expect_rest()
        if self._behind or self._waiting or reader.stream is not None:
            self._regulate()

    def upgrade(self, stream: Stream, rest: bytes) -> bool:
        """Whether another protocol takes the connection over, from `rest` on, as this request asks.

        None does while the answer to an earlier request is on its way.
        """
        upgrade, is_free = self._service.upgrade, self._current is None and self._waiting == [stream]
        if upgrade is None or not is_free or self.out.has_unsent or self._is_closing or self.is_ending:
            return False
        return upgrade(self._service, self.transport, self.loop, stream, rest)

    def hand_over(self, stream: Stream, rest: bytes) -> bool:
        """Let another protocol take the connection over, where one does."""
        is_taken = self.upgrade(stream, rest)
        if is_taken:
            self._is_closing = True
            self._deadline.end()
            self._service.connections.discard(self)
            self._waiting.clear()
        return is_taken

    def end(self) -> None:
        """Serve no other request than the current one."""
        self.is_ending = True
        if self._current is None:
            self.transport.close()

    def look(self) -> None:
        """Close the connection of a client that has taken nothing of what waits for it for too long."""
        if self.out.has_stalled():
            log.info("a client took nothing of its answer for too long ([limits] write_timeout)")
            self.out.has_gone = True
            self.out.abort()

    def abort(self) -> None:
        """Close at once, whatever waits for the client."""
        self.out.abort()

    # --- one request after the other ---------------------------------------------------------------------------------

    def _serve_on(self) -> None:
        """Serve waiting requests until one is not answered at once, or the client has to take of the answers first."""
        if self._is_serving:
            return
        self._is_serving = True
        while self._waiting and self._current is None and not (self.out.is_full or self._is_closing):
            self._current = stream = self._waiting.pop(0)
            self._serve(stream)
        self._is_serving = False
        if not self._waiting:
            self._behind = 0
        if not self._is_closing:
            self._expect()

    def add(self, stream: Stream) -> None:
        """Queue a request, unless too many wait already."""
        self._body_due = 0.0
        if self._waiting or self._current is not None:
            if len(self._waiting) + (self._current is not None) > MOST_BEHIND:
                raise RefusedRequestError(TOO_MANY_BEHIND)
            self._behind += len(self._reader.target) + header_bytes(stream.scope["headers"])
        self._waiting.append(stream)

    def count(self, size: int) -> None:
        """Count bytes of a body whose request waits in the queue."""
        if self._waiting and (self._current is not None or len(self._waiting) > 1):
            self._behind += size

    def end_unread(self, stream: Stream) -> None:
        """Wait for the next request, or close, after the rest of a body that was answered before."""
        if stream.keep_alive:
            self._deadline.set(self._limits.idle_timeout)
        else:
            self._close()

    def finish_response(self, stream: Stream) -> None:
        """Go on with the next request, or close after a last one."""
        self._current = None
        self._dropped = 0
        if self.is_ending or not stream.keep_alive:
            self._close()
        else:
            self._serve_on()
            self.resume_reading()

    def abort_response(self) -> None:
        """Close because an answer cannot be completed."""
        self._is_closing = True
        self._current = None
        self._let_go()
        self.transport.close()

    def _close(self) -> None:
        """Close after a last answer; while the client is sending, linger, as a reset might destroy the answer."""
        self._is_closing = True
        self._let_go()
        if self._reader.stage is NOTHING or self.transport.is_closing():
            self.transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        self._continue_reading()
        self.transport.write_eof()
        self._deadline.set(LINGER)

    def _let_go(self) -> None:
        """Drop the current request and the waiting ones."""
        self._waiting.clear()
        current, self._current = self._current, None
        self._reader.stream = None
        if current is not None:
            current.connection_lost()

    def _refuse(self, failure: Failure) -> None:
        """Send a refusal and close. An answer that has begun is only cut off, one that is complete gets nothing added.

        What the client still sends is discarded for a while: closing at once would reset the connection and lose the
        answer.
        """
        current, reading = self._current, self._reader.stream
        is_answered = self._reader.stage is BODY and reading is not None and reading.ended
        self._is_closing = True
        self._let_go()
        if self.transport.is_closing() or (current is not None and current.started):
            self.transport.close()
            return
        if not is_answered:
            self.transport.write(write_refusal(failure))
            if self._heard and (reading is None or reading is not current):
                self._service.on_refused(failure, self._reader.target)
        self._linger()

    # --- flow control ------------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Pause the source of the answer until the client has taken of it."""
        self.out.is_full = True
        if self._current is not None:
            self._current.pause_writing()

    def resume_writing(self) -> None:
        """Resume the source of the answer."""
        self.out.resume()
        if self._current is not None:
            self._current.resume_writing()
        elif self._waiting:
            self._serve_on()
            self.resume_reading()

    def resume_reading(self) -> None:
        """Check whether paused reading can resume, after the body was taken."""
        if self._is_paused:
            self._regulate()

    def _regulate(self) -> None:
        """Pause reading while too much waits; otherwise read, as only a reader notices that a client leaves."""
        unread = self._reader.stream.unread if self._reader.stream is not None else 0
        is_held = self._current is None and bool(self._waiting)  # by a client that takes no answer
        if self._behind > MOST_BEHIND_BYTES or unread > MOST_UNREAD or is_held:
            self._pause_reading()
        elif self._is_paused:
            self._continue_reading()

    def release_parser(self) -> None:
        """Release the parser (1 KB) for the time of a long answer."""
        if self._reader.stage is NOTHING:
            self._reader.release()

    def _pause_reading(self) -> None:
        if not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.transport.pause_reading()

    def _continue_reading(self) -> None:
        if self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()

    # --- deadlines ---------------------------------------------------------------------------------------------------

    def _expect(self) -> None:
        """Set the deadline for what must come next."""
        if self._waiting or (self._current is not None and self._current is not self._reader.stream):
            self._deadline.clear()  # the client waits for us
        elif self._reader.stage is BODY:
            self._expect_body()
        elif self._reader.stage is HEAD:
            self._deadline.set(self._limits.header_timeout)
        else:
            self._deadline.set(self._limits.idle_timeout)

    def _expect_body(self) -> None:
        now = self.loop.time()
        if not self._body_due:
            self._body_due = now + self._limits.body_timeout
        self._deadline.set(min(self._limits.body_idle_timeout, self._body_due - now))

    def _expect_rest(self) -> None:
        """Set the deadline for the rest of a request, or refuse an overlong head."""
        if self._reader.is_overlong:
            self._refuse(large_head(self._limits))
        elif self._reader.stage is BODY or self._reader.is_new:
            self._reader.is_new = False
            self._expect()

    @property
    def _is_in_vain(self) -> bool:
        """Whether a body is still coming whose request is already answered."""
        return self._reader.stage is BODY and self._current is None and not self._waiting

    def _drop(self, size: int) -> None:
        """Count discarded bytes, and close when there are too many."""
        self._dropped += size
        if self._dropped > self._limits.max_body:
            self._is_closing = self.out.has_gone = True
            self.out.abort()

    def too_late(self) -> None:
        """Close or refuse, as the deadline has passed."""
        if self._is_closing:
            self.transport.close()
        elif self._is_paused:  # we have paused reading ourselves
            self._deadline.set(self._limits.body_idle_timeout)
        elif self._reader.stage is NOTHING or not self._heard or self._is_in_vain:
            self.transport.close()
        else:
            self._refuse(late("the headers" if self._reader.stage is HEAD else "the body"))
