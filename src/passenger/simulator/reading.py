"""HTTP/1.1 requests out of bytes."""

from passenger.simulator.recorded import Headers, Recorded

MAX_HEAD = 256 * 1024
MAX_BODY = 64 * 1024 * 1024


class BadRequestError(Exception):
    """The bytes are no HTTP request; the connection cannot be used any more."""


class Inbox:
    """A buffer that gives whole requests: `feed` what came, then `take` until there is none."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[str, str, Headers] | None = None
        self._need: int | None = 0  # body bytes still to come; None for a chunked body
        self._body = bytearray()
        self.wants_continue = False

    def feed(self, data: bytes) -> None:
        """Add what the socket gave."""
        self._buffer += data

    def take(self) -> Recorded | None:
        """The next whole request, or None when more bytes are needed."""
        if self._head is None and not self._read_head():
            return None
        body = self._read_chunks() if self._need is None else self._read_length(self._need)
        if body is None or self._head is None:
            return None
        method, path, headers = self._head
        self._head, self.wants_continue = None, False
        return Recorded(method, path, headers, body)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequestError
            return False
        lines = self._buffer[:end].decode("latin-1").lstrip("\r\n").split("\r\n")
        del self._buffer[: end + 4]
        self._head = parse_head(lines)
        self._need = body_length(self._head[2])
        self.wants_continue = any(name.lower() == "expect" for name, _ in self._head[2])
        return True

    def _read_length(self, need: int) -> bytes | None:
        if len(self._buffer) < need:
            return None
        body = bytes(self._buffer[:need])
        del self._buffer[:need]
        return body

    def _read_chunks(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = chunk_size(bytes(self._buffer[:end]))
            if len(self._buffer) < end + 2 + size + 2:
                return None
            self._body += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
            if len(self._body) > MAX_BODY:
                raise BadRequestError
            if size == 0:
                body, self._body = bytes(self._body), bytearray()
                return body
        return None


def parse_head(lines: list[str]) -> tuple[str, str, Headers]:
    """Method, target and headers of a request's first lines."""
    first = lines[0].split(" ")
    if len(first) != 3 or not first[2].startswith("HTTP/1."):
        raise BadRequestError
    fields = (line.partition(":") for line in lines[1:])
    return first[0], first[1], [(name, value.strip()) for name, _, value in fields]


def body_length(headers: Headers) -> int | None:
    """How many body bytes follow, or None when they come in chunks (RFC 9112, section 6)."""
    fields = {name.lower(): value for name, value in headers}
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return None
    length = fields.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise BadRequestError
    return int(length)


def chunk_size(line: bytes) -> int:
    """The size a chunk's first line names; its extensions are ignored."""
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise BadRequestError from error
