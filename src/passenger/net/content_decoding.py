"""Decodes a `Content-Encoding` that was sent though we ask for none, a bounded piece at a time."""

import zlib

from passenger.net.exceptions import ProtocolError

MOST = 64 * 1024
"""Maximum bytes of a decoded piece, so that a decompression bomb is noticed early."""

_GZIP = 16 + zlib.MAX_WBITS
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}
_PLAIN = {"", "identity"}


class ContentDecoder:
    """Decodes gzip or deflate: `feed` takes encoded bytes, `piece` gives decoded ones."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._zlib = zlib.decompressobj(wbits)
        self._packed = b""
        self._begun = False

    def feed(self, data: bytes) -> None:
        """Take encoded bytes."""
        if not self._begun and self._wbits == zlib.MAX_WBITS and data[0] & 0x0F != 8:
            self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)  # many servers leave the zlib header out
        self._begun = True
        self._packed += data

    def piece(self) -> bytes:
        """The next decoded piece, empty if more must be fed first.

        Raises:
            ProtocolError: the data is not valid.
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
        """Check that the data is complete.

        Raises:
            ProtocolError: it is cut off.
        """
        if self._begun and not self._zlib.eof:
            raise ProtocolError("a packed body that is cut off")


def decoder_for(coding: str) -> ContentDecoder | None:
    """The decoder for a `Content-Encoding`, None for the identity.

    Raises:
        ProtocolError: the encoding is not supported.
    """
    name = coding.strip().lower()
    if name in _PLAIN:
        return None
    if name not in _CODINGS:
        raise ProtocolError(f"a body packed as {name[:100]!r}, which was not asked for")
    return ContentDecoder(_CODINGS[name])
