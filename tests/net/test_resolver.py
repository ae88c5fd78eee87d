import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from passenger.errors import Kind
from passenger.net.client import HttpClient, client
from passenger.net.network_failure import network_failure
from passenger.net.resolver import LIFETIME, NameCache, Resolver, SocketAddress, look_up_by_system
from tests.proxy import PATIENCE, eventually

ADDRESS = SocketAddress("127.0.0.1", 1)


class Names:
    """A system whose names hang until they are let go, but for one."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.going = threading.Event()
        self.error: OSError | None = None

    def __call__(self, host: str, port: int, family: int) -> list[SocketAddress]:
        self.asked.append(host)
        if host != "quick.test":
            self.going.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return [ADDRESS]


@pytest.fixture
def names() -> Iterator[Names]:
    names = Names()
    yield names
    names.going.set()


@pytest.mark.proves("F23", "promise 8")
async def test_names_that_hang_keep_no_other_name_and_no_other_thread_waiting(names: Names) -> None:
    resolver = Resolver(names)
    hanging = [asyncio.create_task(resolver.resolve(f"slow{number}.test")) for number in range(40)]
    await eventually(lambda: len(names.asked) == 40)
    async with asyncio.timeout(PATIENCE):
        assert await resolver.resolve("quick.test") == [ADDRESS]
        assert await asyncio.to_thread(lambda: "done") == "done"
    assert not any(task.done() for task in hanging)
    names.going.set()
    assert list(await asyncio.gather(*hanging)) == [[ADDRESS]] * 40


async def test_who_asks_for_a_name_that_is_being_looked_up_waits_for_the_same_answer(names: Names) -> None:
    resolver = Resolver(names)
    gone, left = (asyncio.create_task(resolver.resolve("slow.test")) for _ in range(2))
    await eventually(lambda: names.asked)
    gone.cancel()
    await asyncio.wait([gone])
    again = asyncio.create_task(resolver.resolve("slow.test"))
    names.going.set()
    assert list(await asyncio.gather(left, again)) == [[ADDRESS]] * 2
    assert names.asked == ["slow.test"]
    assert await resolver.resolve("slow.test") == [ADDRESS]
    assert len(names.asked) == 2


async def test_a_name_that_there_is_not_is_an_error_for_all_who_ask(names: Names) -> None:
    resolver, names.error = Resolver(names), socket.gaierror(socket.EAI_NONAME, "there is no such name")
    asking = [asyncio.create_task(resolver.resolve("none.test")) for _ in range(2)]
    names.going.set()
    for answer in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(answer, socket.gaierror)


async def test_what_is_no_name_at_all_is_an_error_like_any() -> None:
    with pytest.raises(OSError, match="is no name"):
        await Resolver().resolve("a" * 70 + ".test")


def test_the_system_knows_its_own_names_and_addresses() -> None:
    assert {found.host for found in look_up_by_system("localhost", 80, socket.AF_INET)} == {"127.0.0.1"}
    (found,) = look_up_by_system("127.0.0.1", 80, 0)
    assert found == ("127.0.0.1", 80, socket.AF_INET)


@pytest.mark.parametrize("host", ["a.localhost", "a.b.LOCALHOST", "a.localhost.", "localhost."])
def test_a_name_below_localhost_is_this_machine_whatever_a_name_server_says(host: str) -> None:
    found = look_up_by_system(host, 80, 0)
    assert found
    assert all(ip_address(one.host).is_loopback for one in found)


@asynccontextmanager
async def hurried(names: Names) -> AsyncIterator[HttpClient]:
    async with client(connect_timeout=0.1, look_up=names) as http:
        yield http


@pytest.mark.proves("F23")
async def test_a_name_that_is_not_answered_is_a_504_that_says_so(names: Names) -> None:
    async with hurried(names) as http:
        with pytest.raises(Exception, match=r"slow\.test") as caught:
            await http.request("GET", "http://slow.test/", {})
    failure = network_failure(caught.value, "slow.test")
    assert (failure.kind, failure.status) == (Kind.TIMEOUT, 504)
    assert "(DNS)" in failure.message


SCRIPT = """
import asyncio, threading
from passenger.net.resolver import Resolver

async def main():
    hanging = threading.Event()
    def look_up(host, port, family):
        hanging.set()
        threading.Event().wait()
    asking = asyncio.create_task(Resolver(look_up).resolve("slow.test"))
    await asyncio.to_thread(hanging.wait)
    print("asked", flush=True)

{run}
"""


@pytest.mark.proves("F23", "promise 9")
@pytest.mark.parametrize("run", ["asyncio.run(main())", "import uvloop; uvloop.run(main())"])
async def test_a_process_ends_though_a_name_is_still_being_looked_up(run: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT.format(run=run), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert (said, process.returncode) == (b"asked\n", 0)


# --- names ------------------------------------------------------------------------------------------------------------

FOUND = [SocketAddress("127.0.0.1", 80)]


class System:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, family: int) -> list[SocketAddress]:
        self.asked.append(host)
        if host == "none.test":
            raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
        return FOUND


async def test_a_name_is_asked_for_once_until_it_is_forgotten() -> None:
    system = System()
    cache = NameCache(Resolver(system))
    assert [await cache.addresses("one.test", 80) for _ in range(3)] == [FOUND] * 3
    assert system.asked == ["one.test"]
    cache.forget("one.test", 80)
    await cache.addresses("one.test", 80)
    assert system.asked == ["one.test"] * 2


async def test_a_name_is_asked_for_anew_after_its_time() -> None:
    system, clock = System(), iter([0.0, 0.0, LIFETIME - 1, LIFETIME, LIFETIME])
    cache = NameCache(Resolver(system), lambda: next(clock))
    for _ in range(3):
        await cache.addresses("one.test", 80)
    assert system.asked == ["one.test"] * 2


async def test_that_there_is_no_such_name_is_not_remembered() -> None:
    system = System()
    cache = NameCache(Resolver(system))
    for _ in range(2):
        with pytest.raises(OSError, match="no such name"):
            await cache.addresses("none.test", 80)
    assert len(system.asked) == 2


@pytest.mark.parametrize(("host", "family"), [("10.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
async def test_an_address_is_its_own(host: str, family: int) -> None:
    system = System()
    assert await NameCache(Resolver(system)).addresses(host, 1) == [SocketAddress(host, 1, family)]
    assert system.asked == []
