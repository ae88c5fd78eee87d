"""How far the login is that somebody makes on our page; with several workers, all of them know."""

import mmap
import struct
from typing import Literal, Protocol
from zlib import crc32

import msgspec
from msgspec import Struct

Phase = Literal["none", "starting", "waiting", "done", "failed"]

SLOT = 4096
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
    """Tells one login from the next."""

    @property
    def under_way(self) -> bool:
        """Whether it may still become a login."""
        return self.phase in {"starting", "waiting"}


class Board(Protocol):
    """Where the state is written up."""

    def read(self) -> LoginState:
        """The state."""
        ...

    def write(self, state: LoginState) -> None:
        """Another state in its place."""
        ...


class OwnBoard:
    """A board of one process."""

    def __init__(self) -> None:
        self._state = LoginState()

    def read(self) -> LoginState:
        """The state."""
        return self._state

    def write(self, state: LoginState) -> None:
        """Another state in its place."""
        self._state = state


class SharedBoard:
    """A board in memory that workers share; it must be made before they are forked.

    What is read while it is written does not match its checksum, and is no state.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOT)

    def read(self) -> LoginState:
        """The state."""
        length, checksum = _HEAD.unpack_from(self._memory)
        data = self._memory[_HEAD.size : _HEAD.size + length]
        return msgspec.json.decode(data, type=LoginState) if length and crc32(data) == checksum else LoginState()

    def write(self, state: LoginState) -> None:
        """Another state in its place."""
        data = msgspec.json.encode(state)
        self._memory[: _HEAD.size + len(data)] = _HEAD.pack(len(data), crc32(data)) + data
