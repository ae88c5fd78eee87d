"""A reply put on a connection, faithfully or as a fault wants it."""

from typing import Protocol

from passenger.simulator.faults import Ending, Fault
from passenger.simulator.reply import JSON_TYPE, STREAM_TYPE, Event, Reply

DONE = Event(b"[DONE]")

PATIENCE = 10.0
"""Seconds that a stream takes at most because of its pace."""


class Line(Protocol):
    """A client's connection, as far as an answer needs it."""

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket, in one write of their own."""

    async def flush(self) -> None:
        """Let the loop run, and wait while the client does not read."""

    async def pause(self, seconds: float) -> None:
        """Say nothing for a while."""

    async def hang(self) -> None:
        """Say nothing until the client closes."""

    def close(self) -> None:
        """Close in order (FIN) once everything is written."""

    def reset(self) -> None:
        """Close with a RST, once what was written is with the kernel."""


async def deliver(line: Line, reply: Reply, fault: Fault, delay: float = 0.0, pace: float = 0.0) -> None:
    """Write a reply under a fault, a stream at a pace: so many seconds between two events unless the fault has some.

    The connection is closed or reset here when the fault says so.
    """
    if not fault.reset:
        reply.meter.begin()
    if fault.delay or delay:
        await line.pause(fault.delay + delay)
    if fault.reset:
        line.reset()
        return
    if fault.wrong_type:
        reply = reply.typed(STREAM_TYPE if reply.events is None else JSON_TYPE)
    if reply.events is None or fault.lie_length:
        await _deliver_body(line, reply, fault)
    else:
        await _deliver_stream(line, reply, frames(reply, fault), fault, pace)
    if fault.close_after or fault.lie_length:
        line.close()


def frames(reply: Reply, fault: Fault) -> list[bytes]:
    """The events of a stream as bytes, `[DONE]` among them."""
    events = reply.events or ()
    if reply.done and not fault.no_done:
        events = (*events, DONE)
    framed = [frame(event, fault) for event in events]
    return [one.replace(b"\n", b"\r\n") for one in framed] if fault.crlf else framed


def frame(event: Event, fault: Fault) -> bytes:
    """One event's lines, each ending in LF."""
    colon = b":" if fault.no_space else b": "
    comment = b": ping\n\n" if fault.comments else b""
    name = b"event%b%b\n" % (colon, event.name.encode()) if event.name else b""
    return b"%b%bdata%b%b\n\n" % (comment, name, colon, event.data)


async def _deliver_body(line: Line, reply: Reply, fault: Fault) -> None:
    body = reply.body if reply.events is None else b"".join(frames(reply, fault))
    head = reply.head(f"content-length: {len(body) + fault.lie_length}")
    reply.meter.finish()
    ending, after = fault.ending or (None, len(body))
    size = int(fault.split)
    if not size and ending is None and not fault.headers_then_stall:
        line.write(head + body)
        return None
    line.write(head)
    if fault.headers_then_stall:
        return await line.hang()
    said = body[:after]
    for at in range(0, len(said), size or len(said) or 1):
        line.write(said[at : at + (size or len(said))])
        await _between(line, fault)
    return await _end(line, ending)


async def _deliver_stream(line: Line, reply: Reply, framed: list[bytes], fault: Fault, pace: float) -> None:
    line.write(reply.head("transfer-encoding: chunked"))
    if fault.headers_then_stall:
        return await line.hang()
    ending, after = fault.ending or (None, len(framed))
    pause = fault.drip or min(pace, PATIENCE / max(1, len(framed)))
    for index, frame in enumerate(framed[:after]):
        if index and pause:
            await line.pause(pause)
        await _write_frame(line, frame, fault)
        reply.meter.wrote(index + 1)
    await _write_ending(line, reply, framed, fault)
    if fault.after_done_stall:
        await line.hang()
    if ending in {None, "end", "error"}:
        line.write(b"0\r\n\r\n")
        return None
    return await _end(line, ending)


async def _write_ending(line: Line, reply: Reply, framed: list[bytes], fault: Fault) -> None:
    match fault.ending:
        case "cut", int(after) if after < len(framed):
            await _write_frame(line, framed[after][: len(framed[after]) // 2], fault)
        case "error", int(after) if reply.error is not None:
            broken = Reply(200, (), events=(reply.error(fault.error_code, after),), done=False)
            await _write_frame(line, frames(broken, fault)[0], fault)
        case _:
            pass


async def _write_frame(line: Line, frame: bytes, fault: Fault) -> None:
    size = int(fault.split) or len(frame)
    for at in range(0, len(frame), size):
        piece = frame[at : at + size]
        line.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await line.flush()


async def _between(line: Line, fault: Fault) -> None:
    if fault.drip:
        await line.pause(fault.drip)
    else:
        await line.flush()


async def _end(line: Line, ending: Ending | None) -> None:
    match ending:
        case "cut" | "end" | "error":
            line.close()
        case "stall":
            await line.hang()
        case "reset":
            await line.flush()
            line.reset()
        case None:
            pass
