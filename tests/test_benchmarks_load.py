"""The load generator of the benchmark: it finds the end of an answer and the words in it, however the bytes come."""

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec
import pytest
from benchmarks.answers import STAMP, completions, paced
from benchmarks.client import Asker, Client, Listener, WrongAnswerError
from benchmarks.load import Clocks, Job, request, times
from benchmarks.payloads import BODIES, number_in
from benchmarks.process import child, family, family_cpu_us, memory_kb

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class Wire(asyncio.Transport):
    """Takes what is sent to it."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Forget it."""


async def fed(client: Client, pieces: list[bytes]) -> None:
    """Let a client ask, and get an answer in pieces."""
    client.connection_made(Wire())
    asked = asyncio.ensure_future(client.ask())
    await asyncio.sleep(0)
    for piece in pieces:
        client.data_received(piece)
    await asked


def chunked(*events: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events) + END


def stream(numbers: list[int]) -> bytes:
    """A paced stream with these words."""
    first, before, after, last = paced()
    return chunked(first, *(before + STAMP % (1_000, number) + after for number in numbers), last)


@pytest.mark.parametrize("size", [1, 7, 50, 100_000])
async def test_a_listener_counts_every_word_however_the_bytes_are_cut(size: int) -> None:
    answer, client = stream(list(range(6))), Listener(b"", streams=True)
    await fed(client, [answer[at : at + size] for at in range(0, len(answer), size)])
    client.check()
    assert client.words == len(client.delays_us) == 6
    assert client.flowing.is_set()


@pytest.mark.parametrize("size", [1, 13, 64])
async def test_a_chunk_may_begin_in_the_middle_of_a_word(size: int) -> None:
    first, before, after, last = paced()
    text = first + b"".join(before + STAMP % (1_000, number) + after for number in range(6)) + last
    listener, asker = Listener(b"", streams=True), Asker(b"", streams=True)
    await fed(listener, [chunked(*(text[at : at + size] for at in range(0, len(text), size)))])
    listener.check()
    text = b"".join(completions(usage=False))
    await fed(asker, [chunked(*(text[at : at + size] for at in range(0, len(text), size)))])
    asker.check()


@pytest.mark.parametrize("numbers", [[], [0, 2], [1, 2]])
async def test_a_lost_word_is_a_wrong_answer(numbers: list[int]) -> None:
    client = Listener(b"", streams=True)
    await fed(client, [stream(numbers)])
    with pytest.raises(WrongAnswerError):
        client.check()


@pytest.mark.parametrize("size", [1, 50, 100_000])
async def test_a_listener_says_of_each_word_that_it_has_come(size: int) -> None:
    came = list[int]()
    client = Listener(b"", streams=True, on_word=lambda: came.append(client.words))
    answer = stream(list(range(6)))
    await fed(client, [answer[at : at + size] for at in range(0, len(answer), size)])
    assert came == [1, 2, 3, 4, 5, 6]


async def test_a_refused_stream_ends_and_says_what_the_server_said() -> None:
    client = Listener(b"", streams=True)
    await fed(client, [b"HTTP/1.1 429 Too Many\r\ncontent-length: 4\r\n\r\nslow"])
    assert client.flowing.is_set()
    with pytest.raises(WrongAnswerError, match="slow"):
        client.check()


async def test_an_asker_wants_every_word_of_a_stream() -> None:
    whole, client = completions(usage=False), Asker(b"", streams=True)
    await fed(client, [chunked(*whole)])
    client.check()
    assert client.first_us > 0
    await fed(client, [chunked(*whole[:50], *whole[51:])])
    with pytest.raises(WrongAnswerError, match="197 different words"):
        client.check()


async def test_what_a_stream_may_lose_is_counted_as_long_as_most_of_it_comes() -> None:
    whole, client = completions(usage=False), Asker(b"", streams=True, may_lose=True)
    await fed(client, [chunked(*whole[:50], *whole[53:])])
    client.check()
    assert client.lost == 3
    await fed(client, [chunked(*whole[:50])])
    with pytest.raises(WrongAnswerError, match="different words"):
        client.check()


async def test_an_asker_knows_the_end_of_a_refused_stream() -> None:
    client = Asker(b"", streams=True)
    await fed(client, [b"HTTP/1.1 422 No\r\ncontent-length: 4\r\n\r\n", b"what"])
    assert client.flowing.is_set()
    with pytest.raises(WrongAnswerError, match="what"):
        client.check()


async def test_an_answer_with_a_length_ends_there() -> None:
    client = Asker(b"", streams=False)
    await fed(client, [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"{", b"}"])
    client.check()


def test_a_request_names_the_model_as_the_server_wants_it() -> None:
    job = Job(kind="closed", body="small", connections=1, slices=1, size=1, path="/v1/x", key="k", prefix="openai/")
    asked = request(job)
    assert asked.startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert b"Bearer k\r\n" in asked
    assert b'"model":"openai/gpt-4o"' in asked
    assert request(msgspec.structs.replace(job, prefix="")).endswith(BODIES["small"])


def test_a_ping_pong_stream_says_its_number_in_as_many_bytes() -> None:
    job = Job(kind="ping-pong", body="ping-pong stream", connections=1, slices=1, size=1, path="/v1/x")
    asked = request(job, 417)
    assert len(asked) == len(request(job))
    assert number_in(asked) == 417


def test_the_median_and_the_hundredth_are_told() -> None:
    found = times([float(number) for number in range(101)])
    assert found is not None
    assert (found.p50, found.p99) == (50.0, 99.0)
    assert times([1.0]) is None


def test_slices_in_which_the_machine_stood_still_are_forgotten_where_there_are_others() -> None:
    own = family(1)[0]
    clocks = Clocks(Job(kind="open", body="", connections=1, slices=1, size=1, pid=own, upstream=own))
    clocks.cpu_us, clocks.rate = [30.0, 900.0, 32.0], [10.0, 1.0, 11.0]
    assert clocks.keep(lambda rate: rate > 20) == 0.0
    assert clocks.cpu_us == [30.0, 900.0, 32.0]
    assert clocks.keep(lambda rate: rate > 5) == pytest.approx(2 / 3)
    assert clocks.cpu_us == [30.0, 32.0]


async def test_a_server_is_all_of_its_processes() -> None:
    script = "sleep 60 & echo started; wait"
    process = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    members = family(process.pid)
    try:
        assert len(members) == 2
        assert family_cpu_us(members) > 0
        assert memory_kb(process.pid, "VmHWM") > 0
    finally:
        process.kill()
        await process.wait()
        await (await asyncio.create_subprocess_exec("kill", str(members[-1]))).wait()


def test_a_program_ends_though_its_launcher_has_ended_before_it(tmp_path: Path) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    launcher = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {program!r}]).wait()"
    with child([sys.executable, "-c", launcher], os.environ, tmp_path / "log", talks=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        members = family(process.pid)
    assert len(members) == 2
    while any(map(is_running, members)):  # the kernel takes a moment to end what was killed
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process, and more than an entry that nobody has waited for."""
    try:
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")
    except FileNotFoundError:
        return False
