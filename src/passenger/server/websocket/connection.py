"""A WebSocket of a client, once its handshake is done: frames in and out, signs of life, limits, and the end.

[websockets](https://websockets.readthedocs.io/en/stable/howto/sansio.html) knows the frames; what they say is the
business of `lanes`, and each request is served as a posted one is.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from starlette.types import Scope
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.net.deadline import Deadline
from passenger.server.http.response_head import Header
from passenger.server.http.send_buffer import SendBuffer
from passenger.server.http.service import Service
from passenger.server.http.stream import Stream
from passenger.server.scope import ECHO
from passenger.server.websocket.commands import Command, SendText, StartTurn
from passenger.server.websocket.lanes import Lanes
from passenger.server.websocket.texts import failure_text, text_frames
from passenger.server.websocket.turn import TurnStream

if TYPE_CHECKING:
    from passenger.server.websocket.upgrade import Admission

log = logging.getLogger(__name__)

SILENT = logging.getLogger("passenger.websockets")
"""For the library, which would log what is said."""
SILENT.setLevel(logging.CRITICAL)

HIGH_WATER = 1024 * 1024
"""Unsent bytes at which the sources of answers pause, and reading does."""

CLOSING = 10.0
"""Seconds that a client has to answer our close."""

INITIATOR = b"x-initiator"

_NOT_OF_A_TURN = frozenset(
    {b"upgrade", b"connection", b"content-length", b"transfer-encoding", b"content-type", b"content-encoding"}
    | {b"expect", b"te", b"trailer"}
)

OLD = Failure(
    Kind.INVALID,
    "this WebSocket has been open for as long as one may be ([limits] websocket_life); open another",
    code="websocket_connection_limit_reached",
)
STOPPING = Failure(Kind.UNAVAILABLE, "Passenger is shutting down", code="shutting_down", retry_after="1")


class WebSocketConnection(asyncio.Protocol):
    """One WebSocket. It is also the connection of the streams that it has served."""

    def __init__(
        self,
        service: Service,
        admission: "Admission",
        scope: Scope,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[["WebSocketConnection"], None] = lambda _: None,
    ) -> None:
        self.loop = loop
        self.out = SendBuffer()
        self.is_ending = False
        self._service = service
        self._inflight = admission.inflight
        self._limits: Limits = service.limits
        self._scope = scope
        self._headers = _turn_headers(scope["headers"])
        self._on_end = on_end
        self._frames = Protocol(Side.SERVER, state=State.OPEN, max_size=self._limits.max_body, logger=SILENT)
        limits, is_kept = self._limits, admission.is_kept
        self._lanes = Lanes(limits.websocket_lanes, limits.websocket_waiting, limits.max_body, is_kept=is_kept)
        self._turns = set[TurnStream]()
        self._text: bytearray | None = None
        self._held = 0
        self._born = self._active = loop.time()
        self._deadline = Deadline(loop, self._tick, service.timers)
        self._is_heard = True
        self._is_closing = False
        self._closes: tuple[int, str] | None = None

    def take_over(self, transport: asyncio.Transport, rest: bytes) -> None:
        """Take the transport from the HTTP connection; `rest` came behind the handshake."""
        self.out.transport = transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._service.connections.add(self)
        self._set_deadline()
        if rest:
            self.data_received(rest)

    # --- what the transport calls ------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Read frames, and do what they ask for."""
        self._is_heard = True
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._take(event)
        self._account()
        self._flush()

    def eof_received(self) -> None:
        """Take the end of the client's bytes for its departure."""
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """End all that runs."""
        self._is_closing = True
        self.out.lose(exc)
        self._leave()
        self._deadline.end()
        self._service.connections.discard(self)
        self._inflight.bytes -= self._held
        self._held = 0
        self.out.release()
        self._on_end(self)

    def pause_writing(self) -> None:
        """Pause all answers, and reading: a client that does not read gets no more to answer."""
        self.out.is_full = True
        for turn in self._turns:
            turn.pause_writing()
        if not self.out.transport.is_closing():
            self.out.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self.out.resume()
        for turn in [*self._turns]:
            turn.resume_writing()
        if not self.out.transport.is_closing():
            self.out.transport.resume_reading()

    # --- what the server calls ---------------------------------------------------------------------------------------

    def end(self) -> None:
        """Finish what runs, then close: the server stops."""
        self.is_ending = True
        self._do(self._lanes.drop_waiting(STOPPING))
        self._close_when_done(1001, "the server stops")

    def look(self) -> None:
        """Close the connection of a client that has taken nothing of what waits for it for too long."""
        if self.out.has_stalled():
            log.info("a client took nothing of its answer for too long ([limits] write_timeout)")
            self.out.has_gone = True
            self.out.abort()

    def abort(self) -> None:
        """Close at once, whatever waits for the client."""
        self.out.abort()

    # --- what turns call ---------------------------------------------------------------------------------------------

    def note(self, lane: str | None, kind: str, data: bytes) -> None:
        """Take note of the event that ends an answer."""
        self._lanes.note(lane, kind, data)

    def send_texts(self, texts: Sequence[bytes]) -> None:
        """Send text frames, in one piece."""
        if self._frames.state is State.OPEN:
            self._flush()
            self.out.transport.write(text_frames(texts))

    def finish_response(self, stream: Stream) -> None:
        """Go on with what waits on the lane of an answer that has ended."""
        assert isinstance(stream, TurnStream)  # noqa: S101 - no other is made here
        self._turns.discard(stream)
        self._active = self.loop.time()
        self._do(self._lanes.ended(stream.lane))
        self._account()
        if self._closes is not None and not self._turns:
            self._close(*self._closes)
        self._flush()

    def abort_response(self) -> None:
        """Nothing: the socket lives on."""

    def resume_reading(self) -> None:
        """Nothing: a turn has its body."""

    def release_parser(self) -> None:
        """Nothing: frames come at any time."""

    # --- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        if self._is_closing:
            return
        if frame.opcode is Opcode.BINARY:
            self._close(1003, "send text frames")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            self._take_text(frame)
        elif frame.opcode is Opcode.CLOSE:
            self._is_closing = True
            self._leave()

    def _take_text(self, frame: Frame) -> None:
        if self._text is None and frame.fin:
            text = bytes(frame.data)
        else:
            self._text = self._text or bytearray()
            self._text += frame.data
            if not frame.fin:
                return
            text, self._text = bytes(self._text), None
        self._active = self.loop.time()
        try:
            text.decode()
        except UnicodeDecodeError:
            self._close(1007, "a text frame must be UTF-8")
            return
        self._do(self._lanes.receive(text))

    def _do(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, SendText):
                self._send(command.text)
            else:
                self._start(command)

    def _start(self, asked: StartTurn) -> None:
        """Serve a request as if it had been posted, with the headers of the handshake."""
        headers = [*self._headers, (b"content-type", b"application/json")]
        scope = {**self._scope, "method": "POST", "headers": headers}
        if asked.previous is not None:
            scope[ECHO] = {"previous_response_id": msgspec.Raw(msgspec.json.encode(asked.previous))}
        # A person has asked for the first turn; who has for the others is told by what they say.
        self._headers = [header for header in self._headers if header[0] != INITIATOR]
        turn = TurnStream(self, asked.lane, scope, dict(reversed(headers)), asked.body)
        self._turns.add(turn)
        self._service.serve(turn)

    def _send(self, text: bytes) -> None:
        self.send_texts([text])

    def _flush(self) -> None:
        """Write what the protocol has to send; it ends with an empty piece where the connection is to be closed."""
        data = self._frames.data_to_send()
        if not data:
            return
        if any(data):
            self.out.transport.write(data[0] if len(data) == 1 else b"".join(data))
        if not data[-1]:
            self._is_closing = True
            self._leave()
            self.out.transport.close()

    # --- limits ------------------------------------------------------------------------------------------------------

    def _account(self) -> None:
        """Count what waits and what is kept among all bodies; without room, the latter is let go, then the socket."""
        more = self._size - self._held
        try:
            self._hold(more)
        except Failure as failure:
            self._lanes.forget()
            try:
                self._hold(self._size - self._held)
            except Failure:
                self._send(failure_text(failure))
                self._close(1013, "too much is being served already")

    def _hold(self, more: int) -> None:
        if more > 0:
            self._inflight.hold(self._held, more)
        else:
            self._inflight.bytes += more
        self._held += more

    @property
    def _size(self) -> int:
        return self._lanes.size + len(self._frames.reader.buffer) + len(self._text or b"")

    def _set_deadline(self) -> None:
        limits, now = self._limits, self.loop.time()
        due = [limits.websocket_ping, self._born + limits.websocket_life - now]
        if not self._turns:
            due.append(self._active + limits.websocket_idle - now)
        self._deadline.set(max(0.0, min(one for one in due if one > 0) if any(one > 0 for one in due) else 0.0))

    def _tick(self) -> None:
        """Look whether the client lives, and whether the socket has had its time."""
        limits, now = self._limits, self.loop.time()
        if self._is_closing or not (self._is_heard or self.out.is_full):
            self.out.has_gone = True
            self.out.abort()
            return
        if self._closes is None and now - self._born >= limits.websocket_life:
            self._expire()
        elif not self._turns and now - self._active >= limits.websocket_idle:
            self._close(1000, "nothing was asked for long")
        else:
            self._is_heard = False
            self._frames.send_ping(b"")
        self._flush()
        if not self._is_closing:
            self._set_deadline()

    def _expire(self) -> None:
        """Say that the socket is too old; what runs may end before."""
        self._do(self._lanes.drop_waiting(OLD))
        if not self._turns:
            self._send(failure_text(OLD))
        self._close_when_done(1000, "open another")

    # --- the end -----------------------------------------------------------------------------------------------------

    def _close_when_done(self, code: int, reason: str) -> None:
        self._closes = self._closes or (code, reason)
        if not self._turns:
            self._close(code, reason)
        self._flush()

    def _close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; what runs is cancelled."""
        if self._is_closing:
            return
        self._is_closing = True
        self._leave()
        if self._frames.state is State.OPEN:
            self._frames.send_close(code, reason)
        self._deadline.set(CLOSING)
        self._flush()

    def _leave(self) -> None:
        """Cancel all turns: nobody takes their answers."""
        turns, self._turns = self._turns, set()
        for turn in turns:
            turn.connection_lost()


def _turn_headers(headers: Sequence[Header]) -> list[Header]:
    """The headers of a handshake that each of its requests has."""
    return [
        header for header in headers if header[0] not in _NOT_OF_A_TURN and not header[0].startswith(b"sec-websocket-")
    ]
