import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.private_file import CorruptError, MisplacedError, PrivateFile, StoreError, prune


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "a" / "b" / "t.json")
    file.write({"token": "x", "n": 123456789012345678901234567890})
    assert file.read() == {"token": "x", "n": 123456789012345678901234567890}
    assert mode(tmp_path / "a" / "b") == 0o700


@pytest.mark.proves("T1")
@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_every_directory_that_is_made_is_the_owners_alone(tmp_path: Path, umask: int) -> None:
    there = mode(tmp_path)
    before = os.umask(umask)
    try:
        PrivateFile(tmp_path / "a" / "b" / "c" / "t.json").write({})
    finally:
        os.umask(before)
    assert {mode(tmp_path / path) for path in ("a", "a/b", "a/b/c")} == {0o700}
    assert mode(tmp_path) == there


@pytest.mark.parametrize("path", ["file/t.json", "file/a/t.json", "dangling/t.json"])
def test_what_is_no_directory_is_told_and_left(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "dangling").symlink_to(tmp_path / "file" / "nowhere")
    with pytest.raises(StoreError, match="cannot be written"):
        PrivateFile(tmp_path / path).write({})
    assert (tmp_path / "file").read_text() == "x"


def test_no_file_is_none(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "t.json")
    assert file.read() is None
    assert file.stamp() is None


@pytest.mark.proves("T1", "promise 2")
def test_the_file_is_the_owners_alone_from_its_first_byte(tmp_path: Path) -> None:
    """A thread looks at every file in the directory all the while."""
    file, modes, stop = PrivateFile(tmp_path / "t.json"), set(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            for entry in os.scandir(tmp_path):
                try:
                    modes.add(stat.S_IMODE(entry.stat().st_mode))
                except FileNotFoundError:
                    continue

    before = os.umask(0)
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for count in range(300):
            file.write({"token": count})
    finally:
        stop.set()
        watcher.join()
        os.umask(before)
    assert modes == {0o600}


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "t.json")
    for count in range(3):
        file.write({"token": count})
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.proves("T1")
def test_a_file_that_others_could_read_is_made_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.json"
    path.write_text("{}")
    path.chmod(0o644)
    assert PrivateFile(path).read() == {}
    assert mode(path) == 0o600
    assert "could be read by others" in caplog.text


def test_a_file_that_is_not_ours_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("not json")
    path.chmod(0o644)
    file = PrivateFile(path, ours=False)
    with pytest.raises(CorruptError):
        file.read()
    assert file.set_aside() is None
    assert mode(path) == 0o644


@pytest.mark.proves("F13")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"{",
        b'{"token": "x"',
        b"[]",
        b'"text"',
        b"7",
        b"null",
        b"\x00\x01\x02",
        b"\xff\xfe{}",
        b"<html></html>",
        b"{" * 5000,
        b'{"a":' * 5000,
        b'{"token": NaN}',
        b'{"token": "x"}{"token": "y"}',
        b"x" * (2 * 1024 * 1024),
    ],
)
def test_a_corrupt_file_is_told_apart_and_can_be_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    file = PrivateFile(path)
    with pytest.raises(CorruptError):
        file.read()
    kept = file.set_aside()
    assert kept is not None
    assert kept.read_bytes() == content
    assert file.read() is None


@pytest.mark.parametrize("content", [b'\xef\xbb\xbf{"a":1}', b'{\r\n"a":1\r\n}\r\n', b' {"a":1} '])
def test_marks_of_other_editors_are_tolerated(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    assert PrivateFile(path).read() == {"a": 1}


@pytest.mark.proves("F13")
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "t.json"
    path.write_bytes(content)
    with contextlib.suppress(CorruptError):
        assert isinstance(PrivateFile(path).read(), dict)


@pytest.mark.proves("T3")
def test_a_pipe_or_a_directory_in_the_files_place_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dir").mkdir()
    for name in ("pipe", "dir"):
        with pytest.raises(StoreError, match="not a plain file"):
            PrivateFile(tmp_path / name).read()


@pytest.mark.proves("T3")
def test_a_symlink_in_the_files_place_is_replaced_and_its_target_unharmed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "t.json").symlink_to(victim)
    PrivateFile(tmp_path / "t.json").write({"a": 1})
    assert victim.read_text() == "precious"
    assert not (tmp_path / "t.json").is_symlink()


@pytest.mark.proves("T3")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_link_or_a_file_of_somebody_else_is_refused_and_its_target_unharmed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text('{"token": "x"}')
    victim.chmod(0o644)
    link = tmp_path / "token.json"
    link.symlink_to(victim)
    os.lchown(link, 12345, 12345)
    with pytest.raises(StoreError, match="a link that belongs to another user"):
        PrivateFile(link).read()
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644
    os.chown(victim, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        PrivateFile(victim).read()


def test_a_missing_directory_is_named_where_it_must_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=str(tmp_path / "none")):
        PrivateFile(tmp_path / "none" / "t.json", make_parents=False).write({})
    assert not (tmp_path / "none").exists()


def _write_with_no_room(path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        PrivateFile(path).write({"token": "y" * 1000})
    except StoreError:
        os._exit(3)
    os._exit(0)


@pytest.mark.proves("T2")
def test_a_full_disk_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    PrivateFile(path).write({"token": "old"})
    child = multiprocessing.get_context("fork").Process(target=_write_with_no_room, args=(path,))
    child.start()
    child.join(20)
    assert child.exitcode == 3
    assert PrivateFile(path).read() == {"token": "old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.json"]


WRITE_FOR_EVER = """
import itertools, sys
from collections.abc import Callable
from pathlib import Path
from passenger.private_file import PrivateFile
file = PrivateFile(Path(sys.argv[1]))
print("go", flush=True)
for count in itertools.count():
    file.write({"token": "x" * 2000, "count": count})
"""


@pytest.mark.proves("T2", "F51", "promise 9")
def test_a_kill_at_any_moment_leaves_an_old_or_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    for delay in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            for _ in range(delay * 300):
                path.exists()
            child.kill()
        content = PrivateFile(path).read()
        assert content is None or content["token"] == "x" * 2000


async def test_the_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "t.json", 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with PrivateFile(path).lock():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))
    assert most == 1


@pytest.mark.proves("F12")
async def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    script = (
        "import sys, time; from filelock import FileLock; FileLock(sys.argv[1]).acquire();"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, f"{path}.lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
    async with asyncio.timeout(5), PrivateFile(path).lock():
        pass


@pytest.mark.proves("F12")
async def test_where_no_lock_can_be_had_the_work_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    async with PrivateFile(tmp_path / "file" / "t.json").lock():
        pass
    assert "without the lock" in caplog.text


def test_the_file_is_readable_json_for_people(tmp_path: Path) -> None:
    PrivateFile(tmp_path / "t.json").write({"token": "x", "expires_at": 1})
    text = (tmp_path / "t.json").read_text()
    assert text.endswith("}\n")
    assert json.loads(text) == {"token": "x", "expires_at": 1}
    assert len(text.splitlines()) > 2


# --- what is no file ---------------------------------------------------------------------------------------------


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_directory(path: Path) -> None:
    path.mkdir()
    (path / "something").write_text("precious")


def put_loop(path: Path) -> None:
    path.symlink_to(path)


def put_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


MISPLACED = [put_pipe, put_directory, put_loop, put_link_to_a_device]


@pytest.mark.proves("T3")
@pytest.mark.parametrize("put", MISPLACED)
def test_what_is_no_file_is_set_aside_from_our_own_directory(tmp_path: Path, put: Callable[[Path], None]) -> None:
    path = tmp_path / "t.json"
    put(path)
    before = path.lstat()
    file = PrivateFile(path)
    with pytest.raises(MisplacedError):
        file.read()
    kept = file.set_aside()
    assert kept is not None
    assert (kept.lstat().st_ino, kept.lstat().st_mode) == (before.st_ino, before.st_mode)
    file.write({"token": "x"})
    assert file.read() == {"token": "x"}


@pytest.mark.proves("T3")
@pytest.mark.parametrize("put", MISPLACED)
def test_what_is_no_file_where_a_path_was_asked_for_stays(tmp_path: Path, put: Callable[[Path], None]) -> None:
    path = tmp_path / "t.json"
    put(path)
    before = path.lstat()
    file = PrivateFile(path, make_parents=False)
    assert file.set_aside() is None
    assert path.lstat() == before


@pytest.mark.proves("T3")
@pytest.mark.parametrize("put", [put_pipe, put_directory])
def test_nothing_but_a_file_or_a_link_is_replaced(tmp_path: Path, put: Callable[[Path], None]) -> None:
    path = tmp_path / "t.json"
    put(path)
    before = path.lstat().st_ino
    with pytest.raises(StoreError, match="not a plain file"):
        PrivateFile(path).write({})
    assert path.lstat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.proves("T3")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("theirs")
    os.chown(path, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        PrivateFile(path).write({})
    assert path.read_text() == "theirs"
    assert path.stat().st_uid == 12345


@pytest.mark.parametrize("parents", ["", "a", "a/b/c"])
def test_what_can_be_written_is_known_before_and_leaves_nothing(tmp_path: Path, parents: str) -> None:
    PrivateFile(tmp_path / parents / "x.json").check_writable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["nowhere/x.json", "file/x.json", "directory", "fifo"])
def test_what_cannot_be_written_is_known_before_and_stays_as_it_is(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    file = PrivateFile(tmp_path / path, make_parents=False)
    with pytest.raises(StoreError) as before:
        file.check_writable()
    with pytest.raises(StoreError) as then:
        file.write({})
    assert str(before.value) == str(then.value)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["directory", "fifo", "file"]


def test_a_removed_file_takes_with_it_what_was_made_beside_it_and_nothing_else(tmp_path: Path) -> None:
    names = ("a.json", "a.json.lock", "a.json.corrupt-1790000000", ".a.json.0123456789ab")
    others = ("b.json", "a.json.bak", "xa.json", ".a.json.swp")
    for name in (*names, *others):
        (tmp_path / name).write_text("{}")
    file = PrivateFile(tmp_path / "a.json")
    assert {path.name for path in file.traces()} == set(names)
    file.remove()
    assert {path.name for path in tmp_path.iterdir()} == set(others)


def test_only_empty_directories_below_the_root_are_pruned(tmp_path: Path) -> None:
    deep = tmp_path / "ours" / "logins" / "work"
    deep.mkdir(parents=True)
    (tmp_path / "ours" / "logins" / "home").mkdir()
    prune(deep, tmp_path / "ours")
    assert sorted(path.name for path in (tmp_path / "ours").rglob("*")) == ["home", "logins"]
    prune(tmp_path / "ours" / "logins" / "home", tmp_path / "ours")
    assert list(tmp_path.iterdir()) == [tmp_path / "ours"]
    prune(tmp_path / "ours", tmp_path / "ours")
    assert (tmp_path / "ours").is_dir()
