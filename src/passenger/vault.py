"""The token files of one person, and the order in which a GitHub login is looked for; hides what a file looks like.

`access_token.json` is `{access_token, token_type, scope}`, `token.json` is `{token, expires_at, refresh_in, ...}`, as
passenger-rs writes them. What we add to the latter stands under the key `passenger`.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Struct

from passenger.accounts import Login, Source, Token
from passenger.copilot.protocol import LOG_IN, Grant
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.store import CorruptError, MisplacedError, PrivateFile, Stamp, StoreError

log = logging.getLogger(__name__)

ACCESS_TOKEN = "access_token.json"  # noqa: S105 - a file name
COPILOT_TOKEN = "token.json"  # noqa: S105 - a file name

LOOK_INTERVAL = 1.0
"""Seconds between two looks whether a file has changed."""

ADVANCE = 300.0
"""Seconds before its end at which a token is renewed whose file does not say when, such as one of passenger-rs."""


class _AccessFile(Struct):
    access_token: str


class _Note(Struct):
    """What we add to a token file: our clock's times, and which login the token belongs to."""

    expires_at: float
    refresh_at: float
    login: str | None = None


class _Endpoints(Struct):
    api: str | None = None


_Sendable = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]+\Z")]
"""A text that a header can carry."""


class _TokenFile(Struct):
    token: _Sendable
    expires_at: float
    endpoints: _Endpoints | None = None
    passenger: _Note | None = None


@dataclass(frozen=True)
class TokenPaths:
    """The two files that are written, and where a login of passenger-rs is looked for and only read."""

    access: PrivateFile
    copilot: PrivateFile
    legacy_access: PrivateFile | None = None
    legacy_copilot: PrivateFile | None = None


def token_paths(
    directory: Path, legacy_dir: Path | None, access: Path | None = None, copilot: Path | None = None
) -> TokenPaths:
    """The files to use; a path that was asked for is the only one, read and written, and its directory must exist."""
    return TokenPaths(
        access=PrivateFile(access, make_parents=False) if access else PrivateFile(directory / ACCESS_TOKEN),
        copilot=PrivateFile(copilot, make_parents=False) if copilot else PrivateFile(directory / COPILOT_TOKEN),
        legacy_access=_legacy(legacy_dir, ACCESS_TOKEN) if not access else None,
        legacy_copilot=_legacy(legacy_dir, COPILOT_TOKEN) if not (copilot or access) else None,
    )


def _legacy(directory: Path | None, name: str) -> PrivateFile | None:
    return None if directory is None else PrivateFile(directory / name, ours=False)


_T = TypeVar("_T", bound=Struct)


class FileVault:
    """A session's vault in files, and in the environment for the login."""

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
        self._looked = clock()
        self._seen = self._stamps()
        self._unsaved = False
        self._complaints: dict[Path, str] = {}

    @property
    def unsaved(self) -> str | None:
        """The file that could not be written the last time, None while all is saved."""
        return str(self._paths.copilot.path) if self._unsaved else None

    def login(self) -> Login | None:
        """`COPILOT_GITHUB_TOKEN`, else the saved login, else `GH_TOKEN`."""
        return self._from_environment(Source.ENVIRONMENT) or self._saved_login() or self._from_environment(Source.GH)

    def load(self) -> Token | None:
        """The Copilot token on disk, unless it belongs to another login than the one in use."""
        file, content = self._first(_TokenFile, self._paths.copilot, self._paths.legacy_copilot)
        if file is None or content is None:
            return None
        self._on_secret(content.token)
        login = self.login()
        belongs_to = content.passenger.login if content.passenger else None
        if login is not None and not _same(login, belongs_to):
            return None
        note = content.passenger or _Note(content.expires_at, content.expires_at - ADVANCE)
        api = content.endpoints.api if content.endpoints else None
        return Token(Secret(content.token), note.expires_at, note.refresh_at, api, belongs_to)

    def save(self, grant: Grant, token: Token) -> None:
        """Write `token.json`; where that fails the token lives on in memory, and one warning says so.

        A login that is used as it is has no token to be written: it is in a file already, or nowhere.
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
        self._seen = (self._seen[0], self._paths.copilot.stamp())

    def check_writable(self) -> None:
        """Find out whether a login and a token could be saved, and save nothing.

        Raises:
            StoreError: one of them could not.
        """
        self._paths.access.check_writable()
        self._paths.copilot.check_writable()

    def login_to_replace(self) -> Login | None:
        """The login in the file that a new one is written to, None where there is none that can be used."""
        content = self._read(self._paths.access, _AccessFile)
        if content is None:
            return None
        self._on_secret(content.access_token)
        return Login(Secret(content.access_token), Source.SAVED, str(self._paths.access.path))

    def save_login(self, token: Secret, token_type: str, scope: str) -> None:
        """Write `access_token.json`.

        Raises:
            StoreError: it cannot be written.
        """
        self._paths.access.write({"access_token": token.reveal(), "token_type": token_type, "scope": scope})
        self._seen = (self._paths.access.stamp(), self._seen[1])

    def files(self) -> list[Path]:
        """The files that there are of a login and its token, without their locks."""
        found = [path for file in (self._paths.access, self._paths.copilot) for path in file.traces()]
        return [path for path in found if path.suffix != ".lock"]

    async def forget(self) -> list[Path]:
        """Remove the files, while nobody renews the token; those that were there.

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
        """Whether a file is another one than at the last look; looks at most once a second."""
        now = self._clock()
        if now - self._looked < LOOK_INTERVAL:
            return False
        self._looked = now
        before, self._seen = self._seen, self._stamps()
        return before != self._seen

    def lock(self) -> AbstractAsyncContextManager[None]:
        """The lock beside `token.json`."""
        return self._paths.copilot.lock()

    def _stamps(self) -> tuple[Stamp | None, Stamp | None]:
        return (self._paths.access.stamp(), self._paths.copilot.stamp())

    def _from_environment(self, source: Source) -> Login | None:
        text = self._environ.get(source.value, "").strip()
        if not text:
            return None
        self._on_secret(text)
        return Login(Secret(text), source, source.value)

    def _saved_login(self) -> Login | None:
        file, content = self._first(_AccessFile, self._paths.access, self._paths.legacy_access)
        if file is None or content is None:
            return None
        self._on_secret(content.access_token)
        return Login(Secret(content.access_token), Source.SAVED, str(file.path))

    def _first(self, shape: type[_T], *files: PrivateFile | None) -> tuple[PrivateFile | None, _T | None]:
        """The first file that there is, and what it holds."""
        for file in files:
            content = self._read(file, shape) if file else None
            if content is not None:
                return file, content
        return None, None

    def _read(self, file: PrivateFile, shape: type[_T]) -> _T | None:
        """What a file holds; one that is corrupt or of no use counts as absent and is not lost.

        Only the login is not passed over where there is one that cannot be read: another might be used in its place.
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
        """Set a corrupt file aside, and say so once; what only cannot be read stays where it is."""
        is_corrupt = isinstance(error, CorruptError | msgspec.ValidationError)
        kept = file.set_aside() if is_corrupt else None
        complaint = f"{error}; {f'kept as {kept}' if kept else 'it is not used and stays where it is'}"
        if self._complaints.get(file.path) != complaint:
            log.warning("%s", complaint)
        self._complaints[file.path] = complaint


def _same(login: Login, belongs_to: str | None) -> bool:
    """Whether a kept token is this login's. A file that does not say is taken for the saved login's."""
    return login.source is Source.SAVED if belongs_to is None else belongs_to == login.token.fingerprint()
