"""What h11, which has no code in common with our parser, reads in the same bytes: whoever disagrees lets smuggle."""

from collections.abc import Iterator

import h11

Request = tuple[str, bytes, bytes]
"""A method, a target and a body."""


def read_requests(sent: bytes) -> list[Request]:
    """The requests in what a client sends, each of them answered, as far as they can be read and are whole."""
    connection, requests = h11.Connection(h11.SERVER), list[Request]()
    connection.receive_data(sent)
    method, target, body = "", b"", b""
    for event in _events(connection):
        match event:
            case h11.Request():
                method, target, body = event.method.decode(), event.target, b""
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                requests.append((method, target, body))
                if not _answered(connection):
                    break
            case _:
                pass
    return requests


def _answered(connection: h11.Connection) -> bool:
    """Answer with a refusal, so that nothing is switched to, and say whether another request may follow."""
    connection.send(h11.Response(status_code=400, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
        return False
    connection.start_next_cycle()
    return True


def read_answer(method: str, said: bytes, *, ends: bool) -> tuple[int, bytes] | None:
    """Status and body of a server's answer; None where it cannot be read or is not whole."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(said)
    if said and ends:
        connection.receive_data(b"")
    status, body = 0, b""
    for event in _events(connection):
        match event:
            case h11.Response():
                status = event.status_code
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                return status, body
            case _:
                pass
    return None


def _events(connection: h11.Connection) -> Iterator[h11.Event]:
    """All that can be read."""
    try:
        while isinstance(event := connection.next_event(), h11.Event) and not isinstance(event, h11.ConnectionClosed):
            yield event
    except h11.RemoteProtocolError:
        return
