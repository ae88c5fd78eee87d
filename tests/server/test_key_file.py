"""Keys in a file that changes."""

import os
from pathlib import Path

import pytest

from passenger.secret import Secret
from passenger.server.api_keys import LOOK_INTERVAL, ApiKeys, KeyFile, hint
from tests.fakes import Clock

ONE, TWO = "the-first-key-of-this-test", "the-second-key-of-this-test"


class Watched:
    """A file of keys on which time passes by hand."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, Clock()
        self.told: list[str] = []
        self.write(ONE)
        self.file = KeyFile(path, on_keys=self._hear, clock=self.clock)
        self.keys = ApiKeys((), self.file)

    def _hear(self, keys: tuple[Secret, ...]) -> None:
        self.told += [key.reveal() for key in keys]

    def write(self, *keys: str) -> None:
        """Replace it whole."""
        new = self.path.with_suffix(".new")
        new.write_text("".join(f"{key}\n" for key in keys))
        new.chmod(0o600)
        new.replace(self.path)

    def admits(self, key: str) -> bool:
        """Whether a key is let in once it is time to look again."""
        self.clock.now += LOOK_INTERVAL
        return self.keys.recognize(key.encode()) is not None


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "keys")


def test_a_key_that_is_added_is_let_in_and_one_that_is_removed_is_not(watched: Watched) -> None:
    assert watched.admits(ONE)
    assert not watched.admits(TWO)
    watched.write(ONE, TWO)
    assert watched.admits(TWO)
    watched.write(TWO)
    assert not watched.admits(ONE)
    assert watched.admits(TWO)
    assert watched.told == [ONE, ONE, TWO, TWO]  # each, before it is used, so that the log hides it


def test_a_file_that_is_written_in_place_is_noticed(watched: Watched) -> None:
    assert watched.admits(ONE)
    before = watched.path.stat()
    watched.path.write_text(f"{TWO[: len(ONE)]}\n")
    os.utime(watched.path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert not watched.admits(ONE)
    assert watched.admits(TWO[: len(ONE)])


def _remove(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_text("")


def _leave_comments(path: Path) -> None:
    path.write_text("# nobody\n\n")


def _write_nonsense(path: Path) -> None:
    path.write_text(f"{ONE}\nnot a key\n")


def _make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _make_a_circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _make_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.proves("promise 3")
@pytest.mark.parametrize(
    "spoil", [_remove, _empty, _leave_comments, _write_nonsense, _make_a_directory, _make_a_circle, _make_a_pipe]
)
def test_a_file_that_cannot_be_read_or_is_empty_lets_nobody_in_and_never_everybody(
    watched: Watched, spoil: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert watched.admits(ONE)
    assert callable(spoil)
    spoil(watched.path)
    for key in (ONE, TWO, "", "nobody"):
        assert not watched.admits(key)
    assert watched.keys  # it still asks for a key
    assert watched.keys.trouble is not None
    assert watched.keys.trouble.startswith(f"{watched.path} ")
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert ONE not in caplog.text
    if watched.path.is_dir():
        watched.path.rmdir()
    watched.write(ONE)
    assert watched.admits(ONE)
    assert watched.keys.trouble is None


def test_keys_that_are_set_are_let_in_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    keys = ApiKeys([Secret(TWO)], KeyFile(tmp_path / "nowhere"))
    assert keys.recognize(TWO.encode())
    assert not keys.recognize(ONE.encode())
    assert keys.settings == ["api_keys", "api_key_file"]


def test_it_is_looked_at_no_more_often_than_that(watched: Watched) -> None:
    assert watched.admits(ONE)
    watched.write(TWO)
    assert watched.keys.recognize(ONE.encode())
    assert not watched.admits(ONE)


def test_a_change_that_others_may_read_is_warned_of(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    assert watched.admits(ONE)
    watched.write(ONE, TWO)
    watched.path.chmod(0o644)
    assert watched.admits(TWO)
    assert "can be read by others" in caplog.text


@pytest.mark.parametrize(
    ("headers", "query", "told"),
    [
        ({}, b"", "no key"),
        ({b"x-api-key": b""}, b"key=", "no key"),
        ({b"authorization": b"Bearer abc"}, b"", "a key of 3 bytes, sha256 ba7816bf"),
        (
            {b"x-goog-api-key": b"abc"},
            b"key=abc",
            "a key of 3 bytes, sha256 ba7816bf, a key of 3 bytes, sha256 ba7816bf",
        ),
    ],
)
def test_a_wrong_key_is_told_by_its_length_and_the_beginning_of_its_digest(
    headers: dict[bytes, bytes], query: bytes, told: str
) -> None:
    assert hint(headers, query) == told
