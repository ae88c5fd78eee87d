"""An answer that is asked for once."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from passenger.account.protocol import Grant
from passenger.account.token import Token
from passenger.account.token_store import FileTokenStore, token_paths
from passenger.cli.doctor.facts import Once, Onlooker, in_thread, only_read
from passenger.secret import Secret


async def test_all_who_ask_get_the_same_answer_or_error() -> None:
    asked: list[int] = []

    async def ask() -> int:
        asked.append(1)
        await asyncio.sleep(0)
        raise ValueError("no")

    once = Once(ask)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await once()
    assert asked == [1]


async def test_who_stops_waiting_stops_nobody_else() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def ask() -> str:
        return await told

    once = Once(ask)

    async def wait() -> str:
        return await once()

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    told.set_result("an answer")
    assert await second == "an answer"


async def test_the_result_comes_back_from_another_thread() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_an_error_is_raised_to_whoever_waits() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_thread(fail)


async def test_who_waits_no_longer_is_told_nothing() -> None:
    let_go, done = threading.Event(), threading.Event()

    def work() -> None:
        let_go.wait()
        done.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await in_thread(work)
    let_go.set()
    assert await asyncio.to_thread(done.wait, 30)


@pytest.mark.proves("doctor")
def test_a_corrupt_or_open_file_stays_as_it_is(tmp_path: Path) -> None:
    paths = token_paths(tmp_path, None)
    paths.access.path.write_text(json.dumps({"access_token": "x"}))
    paths.copilot.path.write_text("{")
    paths.access.path.chmod(0o644)
    vault = Onlooker(FileTokenStore(only_read(paths), {}))
    login = vault.login()
    assert login is not None
    assert (login.token.reveal(), vault.load()) == ("x", None)
    assert paths.access.path.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["access_token.json", "token.json"]


def test_a_new_token_is_kept_in_memory_alone(tmp_path: Path) -> None:
    vault = Onlooker(FileTokenStore(only_read(token_paths(tmp_path, None)), {}))
    token = Token(Secret("t"), 2.0, 1.0)
    vault.save(Grant(Secret("t"), 2.0, None, None, None, None), token)
    assert vault.load() == token
    assert not vault.changed()
    assert list(tmp_path.iterdir()) == []
