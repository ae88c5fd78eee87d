"""What models do not take, kept in one file for all processes."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from passenger.copilot.learned import LIFETIME, LOOK, ROWS, Learned
from passenger.private_file import PrivateFile

ROW = ("own", "gpt-5.5", "/responses")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_was_learned_is_known_at_once_and_for_an_hour() -> None:
    clock = Clock()
    learned = Learned(None, clock)
    await learned.learn(*ROW, ("temperature",))
    await learned.learn(*ROW, ("top_p",))
    assert learned.lessons(*ROW) == ("temperature", "top_p")
    assert learned.lessons("other", *ROW[1:]) == ()
    clock.now += LIFETIME + 1
    assert learned.lessons(*ROW) == ()


async def test_another_process_and_the_next_one_know_it_too(tmp_path: Path) -> None:
    clock, file = Clock(), PrivateFile(tmp_path / "state" / "learned.json")
    one, two = Learned(file, clock), Learned(file, clock)
    assert two.lessons(*ROW) == ()
    await one.learn(*ROW, ("temperature",))
    clock.now += LOOK
    assert two.lessons(*ROW) == ("temperature",)
    await two.learn("own", "m", "/x", ("seed",))
    assert Learned(file, clock).lessons(*ROW) == ("temperature",)
    assert Learned(file, clock).lessons("own", "m", "/x") == ("seed",)
    assert (tmp_path / "state" / "learned.json").stat().st_mode & 0o777 == 0o600


async def test_rows_of_another_kind_are_not_believed_and_leave_the_file(tmp_path: Path) -> None:
    clock, file = Clock(), PrivateFile(tmp_path / "learned.json")
    row = dict(zip(("seat", "model", "path"), ROW, strict=True)) | {"field": "thinking", "expires": clock.now + 5}
    for version in ({}, {"version": 1}, {"version": 99}):
        file.write({"rows": [row], **version})
        learned = Learned(file, clock)
        assert learned.lessons(*ROW) == ()
        await learned.learn("own", "m", "/x", ("seed",))
        assert b"thinking" not in file.path.read_bytes()


async def test_rows_that_are_over_leave_the_file(tmp_path: Path) -> None:
    clock, file = Clock(), PrivateFile(tmp_path / "learned.json")
    learned = Learned(file, clock)
    await learned.learn(*ROW, ("temperature",))
    clock.now += LIFETIME + 1
    await learned.learn("own", "m", "/x", ("seed",))
    assert b"temperature" not in file.path.read_bytes()


async def test_a_client_that_makes_fields_up_pushes_only_the_oldest_out(tmp_path: Path) -> None:
    clock, file = Clock(), PrivateFile(tmp_path / "learned.json")
    learned = Learned(file, clock)
    await learned.learn(*ROW, ("first",))
    clock.now += 1
    await learned.learn("own", "m", "/x", tuple(f"new_{number}" for number in range(ROWS)))
    assert learned.lessons(*ROW) == ()
    assert len(learned.lessons("own", "m", "/x")) == len(Learned(file, clock).lessons("own", "m", "/x")) == ROWS


async def test_a_file_of_something_else_is_no_reason_to_stop(tmp_path: Path) -> None:
    for content in (b"{", b"[]", b'{"rows": 1}', b'{"rows": [{"seat": 1}]}', b"\xff", b""):
        path = tmp_path / "learned.json"
        path.write_bytes(content)
        path.chmod(0o600)
        learned = Learned(PrivateFile(path), Clock())
        assert learned.lessons(*ROW) == ()
        await learned.learn(*ROW, ("temperature",))
        assert learned.lessons(*ROW) == ("temperature",)


async def test_a_directory_that_cannot_be_written_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    learned = Learned(PrivateFile(tmp_path / "file" / "learned.json"), Clock())
    await learned.learn(*ROW, ("temperature",))
    assert learned.lessons(*ROW) == ("temperature",)


async def test_those_who_learn_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    clock, file = Clock(), PrivateFile(tmp_path / "learned.json")
    several = [Learned(file, clock) for _ in range(12)]
    await asyncio.gather(*(one.learn(*ROW, (f"field_{number}",)) for number, one in enumerate(several)))
    assert set(Learned(file, clock).lessons(*ROW)) == {f"field_{number}" for number in range(12)}


async def test_who_learns_waits_for_another_process_that_is_about_to_write(tmp_path: Path) -> None:
    clock, file, path = Clock(), PrivateFile(tmp_path / "learned.json"), tmp_path / "learned.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITES_LATE, str(path), str(clock.now)), stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    learning = asyncio.create_task(Learned(file, clock).learn(*ROW, ("ours",)))
    await asyncio.wait([learning], timeout=0.3)  # where it does not wait, it is done by then
    process.stdin.write(b"go on\n")
    assert await process.wait() == 0
    await learning
    assert set(Learned(file, clock).lessons(*ROW)) == {"ours", "theirs"}


WRITES_LATE = """
import asyncio, sys
from pathlib import Path
from passenger.copilot.learned import LIFETIME, VERSION
from passenger.private_file import PrivateFile

async def write():
    file = PrivateFile(Path(sys.argv[1]))
    row = dict(seat="own", model="gpt-5.5", path="/responses", field="theirs", expires=float(sys.argv[2]) + LIFETIME)
    async with file.lock():
        print("locked", flush=True)
        sys.stdin.readline()
        file.write({"rows": [row], "version": VERSION})

asyncio.run(write())
"""
"""Another process of ours in the middle of learning: it has read, and has not written yet."""
