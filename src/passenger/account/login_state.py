"""The state of the device login on the page, which all workers share."""

import mmap
import struct
from typing import Literal
from zlib import crc32

import msgspec
from msgspec import Struct

Phase = Literal["none", "starting", "waiting", "done", "failed"]

SLOT = 16 * 1024
"""Bytes of memory: the texts of a state have 1,500 characters together, and JSON spells one in up to 6 bytes."""

_HEAD = struct.Struct("<II")


class LoginState(Struct, frozen=True):
    """The last login by the device flow: `waiting` for a person to enter `code` at `url` until `expires`."""

    phase: Phase = "none"
    code: str | None = None
    url: str | None = None
    expires: float | None = None
    """Unix seconds."""
    error: str | None = None
    attempt: str = ""
    """Identifies one login."""

    @property
    def under_way(self) -> bool:
        """Whether it may still succeed."""
        return self.phase in {"starting", "waiting"}


class SharedLoginState:
    """The state in memory, which workers share if it is made before they are forked.

    A state that is read while it is written does not match its checksum, and counts as none.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOT)

    def read(self) -> LoginState:
        """The current state."""
        length, checksum = _HEAD.unpack_from(self._memory)
        data = self._memory[_HEAD.size : _HEAD.size + length]
        return msgspec.json.decode(data, type=LoginState) if length and crc32(data) == checksum else LoginState()

    def write(self, state: LoginState) -> None:
        """Replace the state."""
        data = msgspec.json.encode(state)
        self._memory[: _HEAD.size + len(data)] = _HEAD.pack(len(data), crc32(data)) + data
