"""What happens to files on a disk: edited, edited again, and taken back, or refused and left as they are."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from passenger.edits.edit import Edit
from passenger.edits.files import LARGEST, RefusedError, find_exposure, read
from passenger.edits.journal import apply, plan, state_of, undo
from passenger.edits.receipts import Receipts


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path / "state")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".tool" / "settings.json"


def edits(file: Path, **values: object) -> list[Edit]:
    return [Edit(file=file, format="jsonc", keys=("env", name), value=value) for name, value in values.items()]


def do(receipts: Receipts, *wanted: Edit) -> bool:
    changes = plan(wanted, receipts)
    apply(changes, receipts)
    return not all(change.is_none for change in changes)


def put(file: Path, content: bytes, mode: int = 0o640) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)
    return file


HAND_MADE = b'\xef\xbb\xbf{\r\n\t// mine\r\n\t"env": { "A": "old", }, // kept\r\n}\r\n'


@pytest.mark.proves("undo", "setup")
def test_bytes_mode_and_link_survive_a_setup_and_its_undo(receipts: Receipts, file: Path, tmp_path: Path) -> None:
    target = put(tmp_path / "dotfiles" / "settings.json", HAND_MADE)
    file.parent.mkdir(parents=True)
    file.symlink_to(target)
    assert do(receipts, *edits(file, A="new", B="more"))
    assert file.is_symlink()
    assert target.read_bytes() == HAND_MADE.replace(b'"old",', b'"new", "B": "more",')
    assert target.stat().st_mode & 0o777 == 0o640
    (restored,) = undo(receipts)
    assert (restored.state, target.read_bytes()) == ("restored", HAND_MADE)
    assert not receipts.all()


@pytest.mark.proves("undo")
def test_a_second_setup_changes_nothing_and_the_first_before_is_kept(receipts: Receipts, file: Path) -> None:
    put(file, HAND_MADE)
    assert do(receipts, *edits(file, A="new"))
    assert not do(receipts, *edits(file, A="new"))
    assert do(receipts, *edits(file, A="newer", B="more"))
    undo(receipts)
    assert file.read_bytes() == HAND_MADE


def test_what_a_later_setup_no_longer_wants_goes(receipts: Receipts, file: Path) -> None:
    put(file, b"{}")
    do(receipts, *edits(file, A="1", B="2"))
    do(receipts, *edits(file, A="1"))
    assert b'"B"' not in file.read_bytes()


@pytest.mark.proves("undo")
def test_a_file_and_directories_of_ours_go_with_the_undo(receipts: Receipts, file: Path) -> None:
    do(receipts, *edits(file, A="new"))
    assert file.stat().st_mode & 0o777 == 0o600
    (restored,) = undo(receipts)
    assert restored.state == "deleted"
    assert not file.parent.exists()


def test_what_was_changed_since_is_left_alone_and_named(receipts: Receipts, file: Path) -> None:
    put(file, b'{"env": {"A": "old"}}')
    do(receipts, *edits(file, A="new", B="more"))
    put(file, file.read_bytes().replace(b'"more"', b'"theirs"'))
    assert state_of(receipts.all()[0]) == "changed since: env.B"
    (restored,) = undo(receipts)
    assert (restored.left, restored.back) == (["env.B"], ["env.A"])
    assert file.read_bytes() == b'{"env": {"A": "old", "B": "theirs"}}'


@pytest.mark.proves("undo", "credentials")
def test_a_credential_comes_back_only_beside_its_own_address(receipts: Receipts, file: Path) -> None:
    put(file, b'{"url": "https://a", "key": "of a"}')
    url = Edit(file=file, format="json", keys=("url",), value="http://127.0.0.1:8081", address=True)
    key = Edit(file=file, format="json", keys=("key",), value="passenger", secret=True)
    do(receipts, url, key)
    put(file, file.read_bytes().replace(b"http://127.0.0.1:8081", b"https://b"))
    (restored,) = undo(receipts)
    assert restored.withheld == ["key"]
    assert json.loads(file.read_bytes()) == {"url": "https://b"}


@pytest.mark.proves("undo")
def test_an_undo_works_where_the_file_is_gone(receipts: Receipts, file: Path) -> None:
    do(receipts, *edits(file, A="new"))
    file.unlink()
    assert [restored.state for restored in undo(receipts)] == ["gone"]


def test_a_file_that_cannot_be_read_any_more_keeps_its_receipt(receipts: Receipts, file: Path) -> None:
    put(file, b"{}")
    do(receipts, *edits(file, A="new"))
    put(file, b"{ broken")
    (restored,) = undo(receipts)
    assert (restored.state, file.read_bytes()) == ("refused", b"{ broken")
    assert receipts.all()


def broken(file: Path) -> None:
    put(file, b'{"env": ')


def read_only(file: Path) -> None:
    put(file, b"{}", 0o400)


def too_large(file: Path) -> None:
    put(file, b"{" + b" " * LARGEST + b"}")


def not_text(file: Path) -> None:
    put(file, b'{"a": "\xff"}')


def a_directory(file: Path) -> None:
    file.mkdir(parents=True)


def an_array(file: Path) -> None:
    put(file, b'{"env": [1]}')


def a_circle(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.symlink_to(file)


@pytest.mark.proves("setup")
@pytest.mark.parametrize("make", [broken, read_only, too_large, not_text, a_directory, an_array, a_circle])
def test_what_cannot_be_edited_is_refused_untouched(
    receipts: Receipts, file: Path, make: Callable[[Path], None]
) -> None:
    make(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(RefusedError, match=str(file)):
        plan(edits(file, A="new"), receipts)
    assert (file.read_bytes() if file.is_file() else None) == before
    assert not receipts.all()


def test_a_file_of_another_user_is_refused(receipts: Receipts, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, b"{}")
    me = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: me + 1)
    with pytest.raises(RefusedError, match="belongs to another user"):
        plan(edits(file, A="new"), receipts)


@pytest.mark.proves("setup")
def test_a_file_that_changed_after_it_was_shown_is_refused(receipts: Receipts, file: Path) -> None:
    put(file, b"{}")
    changes = plan(edits(file, A="new"), receipts)
    put(file, b'{"x": 1}')
    with pytest.raises(RefusedError, match="changed meanwhile"):
        apply(changes, receipts)
    assert file.read_bytes() == b'{"x": 1}'


@pytest.mark.proves("promise 2", "T4")
def test_a_diff_shows_no_key(receipts: Receipts, file: Path) -> None:
    put(file, b'{\n  "key": "their own secret"\n}')
    (change,) = plan([Edit(file=file, format="json", keys=("key",), value="ours, secret", secret=True)], receipts)
    assert '+  "key": "***"' in change.diff()
    assert "secret" not in change.diff()


def test_receipts_are_for_their_owner_alone(receipts: Receipts, file: Path) -> None:
    put(file, HAND_MADE)
    do(receipts, *edits(file, A="new"))
    assert {path.stat().st_mode & 0o077 for path in [receipts.directory, *receipts.directory.iterdir()]} == {0}


# --- who could get a key -----------------------------------------------------------------------------------------


def test_a_file_that_others_read_is_exposed(file: Path) -> None:
    assert "other users" in str(find_exposure(read(put(file, b"{}", 0o644))))
    assert find_exposure(read(put(file, b"{}", 0o600))) is None


def test_a_file_in_a_work_tree_is_exposed_unless_ignored(file: Path) -> None:
    put(file, b"{}", 0o600)
    tree = file.parent.parent
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    assert "git work tree" in str(find_exposure(read(file)))
    put(tree / ".gitignore", b".tool/\n")
    assert find_exposure(read(file)) is None
