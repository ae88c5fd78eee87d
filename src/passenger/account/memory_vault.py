"""A login and its token in memory alone, for who is to leave nothing behind."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from passenger.accounts import Login, Token
from passenger.copilot.protocol import Grant


class MemoryVault:
    """A session's vault that no file knows of."""

    unsaved = None
    """There is no file that could not be written."""

    def __init__(self, login: Login, on_secret: Callable[[str], None] = lambda _: None) -> None:
        self._login = login
        self._on_secret = on_secret
        self._token: Token | None = None

    def login(self) -> Login:
        """The login it was made with."""
        return self._login

    def load(self) -> Token | None:
        """The last token."""
        return self._token

    def save(self, grant: Grant, token: Token) -> None:
        """Remember a new token."""
        self._on_secret(grant.token.reveal())
        self._token = token

    def changed(self) -> bool:
        """Nobody else knows of it."""
        return False

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Nobody else renews it."""
        return nullcontext()
