"""The token files, looked at and left alone."""

import json
from pathlib import Path

import pytest

from passenger.accounts import Token
from passenger.copilot.protocol import Grant
from passenger.doctor.onlooker import Onlooker, only_read
from passenger.secret import Secret
from passenger.vault import FileVault, token_paths


@pytest.mark.proves("doctor")
def test_a_corrupt_or_open_file_stays_as_it_is(tmp_path: Path) -> None:
    paths = token_paths(tmp_path, None)
    paths.access.path.write_text(json.dumps({"access_token": "x"}))
    paths.copilot.path.write_text("{")
    paths.access.path.chmod(0o644)
    vault = Onlooker(FileVault(only_read(paths), {}))
    login = vault.login()
    assert login is not None
    assert (login.token.reveal(), vault.load()) == ("x", None)
    assert paths.access.path.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["access_token.json", "token.json"]


def test_a_new_token_is_kept_in_memory_alone(tmp_path: Path) -> None:
    vault = Onlooker(FileVault(only_read(token_paths(tmp_path, None)), {}))
    token = Token(Secret("t"), 2.0, 1.0)
    vault.save(Grant(Secret("t"), 2.0, None, None, None, None), token)
    assert vault.load() == token
    assert not vault.changed()
    assert list(tmp_path.iterdir()) == []
