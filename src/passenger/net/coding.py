"""Unpacks a body that came packed though nobody asked for that, a bounded piece at a time."""

import zlib

from passenger.net.errors import ProtocolError

MOST = 64 * 1024
"""Bytes that one piece unpacks to at most, so that a bomb is met in pieces."""

_GZIP = 16 + zlib.MAX_WBITS
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}
_PLAIN = {"", "identity"}


class Unpacker:
    """Takes packed bytes, and gives what they unpack to."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._zlib = zlib.decompressobj(wbits)
        self._packed = b""
        self._begun = False

    def feed(self, data: bytes) -> None:
        """Take what came."""
        if not self._begun and self._wbits == zlib.MAX_WBITS and data[0] & 0x0F != 8:
            self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)  # many servers leave the zlib header out
        self._begun = True
        self._packed += data

    def piece(self) -> bytes:
        """The next piece, empty where more must come first.

        Raises:
            ProtocolError: it is not packed so.
        """
        try:
            piece = self._zlib.decompress(self._packed, MOST)
        except zlib.error as error:
            raise ProtocolError(f"a body that cannot be unpacked: {error}") from None
        self._packed = self._zlib.unconsumed_tail
        if self._zlib.unused_data:
            raise ProtocolError("a packed body with something behind it")
        return piece

    def end(self) -> None:
        """Take note that nothing more comes.

        Raises:
            ProtocolError: something was to come.
        """
        if self._begun and not self._zlib.eof:
            raise ProtocolError("a packed body that is cut off")


def unpacker_of(coding: str) -> Unpacker | None:
    """What unpacks a `Content-Encoding`, None where nothing is packed.

    Raises:
        ProtocolError: nobody here can unpack it.
    """
    name = coding.strip().lower()
    if name in _PLAIN:
        return None
    if name not in _CODINGS:
        raise ProtocolError(f"a body packed as {name[:100]!r}, which was not asked for")
    return Unpacker(_CODINGS[name])
