"""The token files of one login, and the order in which a GitHub login is looked for.

`access_token.json` is `{access_token, token_type, scope}`, `token.json` is `{token, expires_at, refresh_in, ...}`, as
passenger-rs writes them. What Passenger adds to the latter is under the key `passenger`.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Struct

from passenger.account.protocol import LOG_IN, Grant
from passenger.account.token import Login, LoginSource, Token
from passenger.errors import Failure, Kind
from passenger.private_file import CorruptError, FileVersion, MisplacedError, PrivateFile, StoreError
from passenger.secret import Secret

log = logging.getLogger(__name__)

ACCESS_TOKEN = "access_token.json"  # noqa: S105 - a file name
COPILOT_TOKEN = "token.json"  # noqa: S105 - a file name

LOOK_INTERVAL = 1.0
"""Minimum seconds between two checks whether a file has changed."""

ADVANCE = 300.0
"""Seconds before its expiry at which a token is renewed if its file does not say when, as passenger-rs's does not."""


class _AccessFile(Struct):
    access_token: str


class _Note(Struct):
    """What Passenger adds to a token file: times by this machine's clock, and the login that the token belongs to."""

    expires_at: float
    refresh_at: float
    login: str | None = None


class _Endpoints(Struct):
    api: str | None = None


_Sendable = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]+\Z")]
"""Text that is valid in a header."""


class _TokenFile(Struct):
    token: _Sendable
    expires_at: float
    endpoints: _Endpoints | None = None
    passenger: _Note | None = None


@dataclass(frozen=True)
class TokenPaths:
    """The two files that are read and written, and those of passenger-rs, which are only read."""

    access: PrivateFile
    copilot: PrivateFile
    legacy_access: PrivateFile | None = None
    legacy_copilot: PrivateFile | None = None


def token_paths(
    directory: Path, legacy_dir: Path | None, access: Path | None = None, copilot: Path | None = None
) -> TokenPaths:
    """The files to use. A path that is given is the only one read and written; its directory must exist."""
    return TokenPaths(
        access=PrivateFile(access, make_parents=False) if access else PrivateFile(directory / ACCESS_TOKEN),
        copilot=PrivateFile(copilot, make_parents=False) if copilot else PrivateFile(directory / COPILOT_TOKEN),
        legacy_access=_legacy(legacy_dir, ACCESS_TOKEN) if not access else None,
        legacy_copilot=_legacy(legacy_dir, COPILOT_TOKEN) if not (copilot or access) else None,
    )


def _legacy(directory: Path | None, name: str) -> PrivateFile | None:
    return None if directory is None else PrivateFile(directory / name, ours=False)


_T = TypeVar("_T", bound=Struct)


class FileTokenStore:
    """Keeps the login and the Copilot token in files; a login may also come from the environment."""

    def __init__(
        self,
        paths: TokenPaths,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.monotonic,
        on_secret: Callable[[str], None] = lambda _: None,
        log_in: str = LOG_IN,
    ) -> None:
        self.log_in = log_in
        self._paths = paths
        self._environ = environ
        self._clock = clock
        self._on_secret = on_secret
        self._checked_at = clock()
        self._seen_versions = self._versions()
        self._unsaved = False
        self._complaints: dict[Path, str] = {}

    @property
    def unsaved(self) -> str | None:
        """The file that could not be written last time, None if all is saved."""
        return str(self._paths.copilot.path) if self._unsaved else None

    def login(self) -> Login | None:
        """`COPILOT_GITHUB_TOKEN`, else the saved login, else `GH_TOKEN`."""
        return (
            self._from_environment(LoginSource.ENVIRONMENT)
            or self._saved_login()
            or self._from_environment(LoginSource.GH)
        )

    def load(self) -> Token | None:
        """The Copilot token on disk, unless it belongs to another login than the one in use."""
        file, content = self._read_first(_TokenFile, self._paths.copilot, self._paths.legacy_copilot)
        if file is None or content is None:
            return None
        self._on_secret(content.token)
        login = self.login()
        belongs_to = content.passenger.login if content.passenger else None
        if login is not None and not _belongs_to(login, belongs_to):
            return None
        note = content.passenger or _Note(content.expires_at, content.expires_at - ADVANCE)
        api = content.endpoints.api if content.endpoints else None
        return Token(Secret(content.token), note.expires_at, note.refresh_at, api, belongs_to)

    def save(self, grant: Grant, token: Token) -> None:
        """Write `token.json`. If that fails, the token stays in memory and one warning is logged.

        Nothing is written for a login that is used without an exchange.
        """
        self._on_secret(grant.token.reveal())
        if token.lasts:
            return
        content: dict[str, object] = {
            "token": grant.token.reveal(),
            "expires_at": int(grant.expires_at),
            "refresh_in": int(grant.refresh_in or 0),
            "sku": grant.sku,
            "endpoints": {"api": grant.api},
            "passenger": {"expires_at": token.expires_at, "refresh_at": token.refresh_at, "login": token.login},
        }
        try:
            self._paths.copilot.write(content)
        except StoreError as error:
            if not self._unsaved:
                log.warning("%s; going on with the token in memory", error)
            self._unsaved = True
        else:
            self._unsaved = False
        self._seen_versions = (self._seen_versions[0], self._paths.copilot.stamp())

    def check_writable(self) -> None:
        """Check that a login and a token could be saved, without saving anything.

        Raises:
            StoreError: one of them could not.
        """
        self._paths.access.check_writable()
        self._paths.copilot.check_writable()

    def login_to_replace(self) -> Login | None:
        """The login in the file that a new login would overwrite, None if there is no usable one."""
        content = self._read(self._paths.access, _AccessFile)
        if content is None:
            return None
        self._on_secret(content.access_token)
        return Login(Secret(content.access_token), LoginSource.SAVED, str(self._paths.access.path))

    def save_login(self, token: Secret, token_type: str, scope: str) -> None:
        """Write `access_token.json`.

        Raises:
            StoreError: it cannot be written.
        """
        self._paths.access.write({"access_token": token.reveal(), "token_type": token_type, "scope": scope})
        self._seen_versions = (self._paths.access.stamp(), self._seen_versions[1])

    def files(self) -> list[Path]:
        """The existing files of the login and its token, without their locks."""
        found = [path for file in (self._paths.access, self._paths.copilot) for path in file.traces()]
        return [path for path in found if path.suffix != ".lock"]

    async def forget(self) -> list[Path]:
        """Remove the files while holding the lock, and list those that existed.

        Raises:
            StoreError: one of them cannot be removed.
        """
        async with self.lock():
            found = self.files()
            self._paths.access.remove()
            self._paths.copilot.remove()
        self._paths.copilot.remove()  # the lock, which the block has held
        return found

    def changed(self) -> bool:
        """Whether a file has changed since the last check; it is checked at most once a second."""
        now = self._clock()
        if now - self._checked_at < LOOK_INTERVAL:
            return False
        self._checked_at = now
        before, self._seen_versions = self._seen_versions, self._versions()
        return before != self._seen_versions

    def lock(self) -> AbstractAsyncContextManager[None]:
        """The lock beside `token.json`."""
        return self._paths.copilot.lock()

    def _versions(self) -> tuple[FileVersion | None, FileVersion | None]:
        return (self._paths.access.stamp(), self._paths.copilot.stamp())

    def _from_environment(self, source: LoginSource) -> Login | None:
        text = self._environ.get(source.value, "").strip()
        if not text:
            return None
        self._on_secret(text)
        return Login(Secret(text), source, source.value)

    def _saved_login(self) -> Login | None:
        file, content = self._read_first(_AccessFile, self._paths.access, self._paths.legacy_access)
        if file is None or content is None:
            return None
        self._on_secret(content.access_token)
        return Login(Secret(content.access_token), LoginSource.SAVED, str(file.path))

    def _read_first(self, shape: type[_T], *files: PrivateFile | None) -> tuple[PrivateFile | None, _T | None]:
        """The first file that exists, and its content."""
        for file in files:
            content = self._read(file, shape) if file else None
            if content is not None:
                return file, content
        return None, None

    def _read(self, file: PrivateFile, shape: type[_T]) -> _T | None:
        """The content of a file. A corrupt file is set aside and counts as absent.

        A login file that cannot be read is an error instead: otherwise another login might be used in its place.
        """
        try:
            content = file.read()
            return None if content is None else msgspec.convert(content, shape)
        except StoreError as error:
            is_login = file is self._paths.access
            if is_login and (isinstance(error, MisplacedError) or not isinstance(error, CorruptError)):
                raise Failure(Kind.LOGIN, str(error), code="login_needed") from error
            self._pass_over(file, error)
        except msgspec.ValidationError as error:
            self._pass_over(file, error)
        return None

    def _pass_over(self, file: PrivateFile, error: StoreError | msgspec.ValidationError) -> None:
        """Set a corrupt file aside and log it once; an unreadable file stays where it is."""
        is_corrupt = isinstance(error, CorruptError | msgspec.ValidationError)
        kept = file.set_aside() if is_corrupt else None
        complaint = f"{error}; {f'kept as {kept}' if kept else 'it is not used and stays where it is'}"
        if self._complaints.get(file.path) != complaint:
            log.warning("%s", complaint)
        self._complaints[file.path] = complaint


def _belongs_to(login: Login, belongs_to: str | None) -> bool:
    """Whether a stored token belongs to this login. A file that does not say belongs to the saved login."""
    return login.source is LoginSource.SAVED if belongs_to is None else belongs_to == login.token.fingerprint()


class MemoryTokenStore:
    """Keeps a login and its token in memory only."""

    unsaved = None
    """There is no file to write."""

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
        """Never: no other process can change it."""
        return False

    def lock(self) -> AbstractAsyncContextManager[None]:
        """A lock that is always free: no other process renews the token."""
        return nullcontext()
