"""Token files: whatever lies there is a token that can be sent, or counts as absent and is kept aside."""

import re
from pathlib import Path

from fuzz.targets.place import place
from passenger.account.protocol import Grant, why_unusable
from passenger.account.token import Login, LoginSource
from passenger.account.token_store import ACCESS_TOKEN, COPILOT_TOKEN, FileTokenStore, token_paths

_SENDABLE = re.compile(r"[!-~]+")


def one(data: bytes) -> None:
    """Take the same bytes for both token files, and for a login in the environment."""
    home = place()
    for old in home.iterdir():
        old.unlink()
    for name in (ACCESS_TOKEN, COPILOT_TOKEN):
        (home / name).write_bytes(data)
        (home / name).chmod(0o600)
    token_store = FileTokenStore(token_paths(home, home / "none"), {})
    assert _can_be_used(token_store.login()) or data in _kept(ACCESS_TOKEN)
    _token(token_store, data)
    variable = data.decode("utf-8", "surrogateescape")
    assert (
        _can_be_used(FileTokenStore(token_paths(home, home), {LoginSource.GH: variable}).login())
        or not variable.strip()
    )


def _can_be_used(login: Login | None) -> bool:
    """Whether there is a login; one that cannot be sent is known before it is."""
    if login is None:
        return False
    assert login.token.fingerprint()
    assert why_unusable(login.token) or _SENDABLE.fullmatch(login.token.reveal())
    return True


def _token(token_store: FileTokenStore, data: bytes) -> None:
    """What is read is ordered in time and can be sent; written and read again, it is the same."""
    token = token_store.load()
    if token is None:
        assert data in _kept(COPILOT_TOKEN)
        return
    assert _SENDABLE.fullmatch(token.bearer.reveal())
    for now in (token.expires_at, token.refresh_at, 1.79e9):
        assert token.unexpired(now) >= token.usable_for_a_minute(now) >= token.needs_no_refresh(now)
    token_store.save(Grant(token.bearer, token.expires_at, None, token.api, None, None), token)
    assert token_store.load() == token


def _kept(name: str) -> list[bytes]:
    """What lies under a file's name, or was set aside from there."""
    return [path.read_bytes() for path in Path(place()).glob(f"{name}*")]
