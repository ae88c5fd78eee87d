"""Addresses that are remembered for a while."""

import socket

import pytest

from passenger.net.names import LIFETIME, NameCache
from passenger.net.resolver import Address, Resolver

FOUND = [Address("127.0.0.1", 80)]


class System:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, family: int) -> list[Address]:
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
    assert await NameCache(Resolver(system)).addresses(host, 1) == [Address(host, 1, family)]
    assert system.asked == []
