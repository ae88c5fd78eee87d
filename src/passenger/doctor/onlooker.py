"""The token files as the doctor sees them: read, never written, mended or moved."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from passenger.accounts import Login, Token
from passenger.copilot.protocol import Grant
from passenger.vault import FileVault, TokenPaths


def only_read(paths: TokenPaths) -> TokenPaths:
    """The same files as ones that are not ours to touch."""
    access, copilot = replace(paths.access, ours=False), replace(paths.copilot, ours=False)
    return replace(paths, access=access, copilot=copilot)


class Onlooker:
    """A session's vault that reads from files, and keeps a new token in memory alone."""

    unsaved = None
    """There is no file that could not be written."""

    def __init__(self, files: FileVault) -> None:
        self._files = files
        self._token: Token | None = None

    def login(self) -> Login | None:
        """The login that a server would use."""
        return self._files.login()

    def load(self) -> Token | None:
        """The last token, else the one in the file."""
        return self._token or self._files.load()

    def save(self, _grant: Grant, token: Token) -> None:
        """Remember a new token."""
        self._token = token

    def changed(self) -> bool:
        """It is looked at once."""
        return False

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Nothing is written, so nobody is kept out."""
        return nullcontext()
