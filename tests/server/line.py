"""Stand-ins of a few lines: a transport that keeps what is written, a loop whose clock is set by hand, a server."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.server.http.connection import ClientConnection
from passenger.server.http.service import Service
from passenger.server.http.stream import Stream

LIMITS = Limits(header_timeout=10, body_idle_timeout=30, body_timeout=100, idle_timeout=75, max_body=1000)


class Timer:
    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due, self.call, self.cancelled = due, call, False

    def when(self) -> float:
        return self.due

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now, self.timers, self.soon = 0.0, list[Timer](), list[Callable[[], None]]()
        self.armed = 0

    def time(self) -> float:
        return self.now

    def call_at(self, due: float, call: Callable[[], None]) -> Timer:
        self.armed += 1
        self.timers.append(Timer(due, call))
        return self.timers[-1]

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def turn(self) -> None:
        """Do what is to be done at once."""
        soon, self.soon = self.soon, []
        for call in soon:
            call()

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while due := [timer for timer in self.timers if not timer.cancelled and timer.due <= end]:
            first = min(due, key=Timer.when)
            self.timers.remove(first)
            self.now = max(self.now, first.due)
            first.call()
        self.now = end


class Transport:
    """Keeps what is written, and whether more is read."""

    def __init__(self) -> None:
        self.sent, self.writes = b"", 0
        self.reads, self.open, self.ended, self.aborted = True, True, False, False
        self.waits, self.limits = 0, list[tuple[int | None, int | None]]()

    def write(self, data: bytes) -> None:
        assert self.open
        assert not self.ended
        self.sent, self.writes = self.sent + data, self.writes + 1

    def writelines(self, parts: list[bytes]) -> None:
        self.write(b"".join(parts))

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.open = False

    def abort(self) -> None:
        self.open, self.aborted = False, True

    def is_closing(self) -> bool:
        return not self.open

    def pause_reading(self) -> None:
        assert self.open
        self.reads = False

    def resume_reading(self) -> None:
        assert self.open
        self.reads = True

    def get_write_buffer_size(self) -> int:
        return self.waits

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits.append((high, low))

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 4242 if name == "peername" else 80)


class Client:
    """A client on a connection; `streams` are the requests that are or were served, in turn, `refused` the others."""

    def __init__(
        self,
        serve: Callable[[Stream], None] = lambda _: None,
        *,
        limits: Limits = LIMITS,
        most: int = 10,
        made: type[ClientConnection] = ClientConnection,
    ) -> None:
        self.loop, self.transport, self.streams = Loop(), Transport(), list[Stream]()
        self.connections, self.refused = set[ClientConnection](), list[tuple[int, bytes]]()

        def note(stream: Stream) -> None:
            self.streams.append(stream)
            serve(stream)

        def note_refused(failure: Failure, target: bytes) -> None:
            self.refused.append((failure.status, target))

        service = Service(note, limits, most, self.connections, on_refused=note_refused)
        self.connection = made(service, cast("asyncio.AbstractEventLoop", self.loop))
        self.connection.connection_made(self.transport)

    def send(self, data: bytes | str) -> None:
        if data and self.transport.open:
            self.connection.data_received(data.encode("latin-1") if isinstance(data, str) else data)

    def leave(self, error: Exception | None = None) -> None:
        self.transport.open = False
        self.connection.connection_lost(error)

    def taken(self) -> bytes:
        """What has come since this was asked last."""
        self.loop.turn()
        sent, self.transport.sent = self.transport.sent, b""
        return sent

    @property
    def status(self) -> int | None:
        """The status of the first answer that has come, and was not taken."""
        self.loop.turn()
        sent = self.transport.sent
        return int(sent[9:12]) if sent else None


def say(body: bytes, status: int = 200) -> Callable[[Stream], None]:
    """Answers at once."""

    def serve(stream: Stream) -> None:
        stream.respond(status, [(b"content-length", b"%d" % len(body))], body)

    return serve
