"""One list of models for all processes that share a state directory."""

import asyncio
from pathlib import Path

import pytest

from passenger.copilot.catalog import Model, read_models
from passenger.copilot.catalog_file import CatalogFile, Owner
from passenger.errors import Failure, Kind
from passenger.private_file import PrivateFile
from tests.fakes import Clock

OURS = Owner("account", "https://api.example/models", "vscode-chat")


class Copilot:
    """Gives a list of models, and counts how often."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    async def __call__(self) -> list[Model]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise Failure(Kind.UNAVAILABLE, "down")
        return read_models(b'[{"id": "a", "vendor": "OpenAI", "supported_endpoints": ["/responses"]}, {"id": "b"}]')


def one(path: Path, copilot: Copilot, clock: Clock, owner: Owner = OURS) -> CatalogFile:
    async def whose() -> Owner:
        return owner

    return CatalogFile(PrivateFile(path), copilot, whose, clock=clock)


async def test_what_one_has_fetched_another_finds_whole(tmp_path: Path) -> None:
    path, copilot, clock = tmp_path / "state" / "models.json", Copilot(), Clock()
    fetched = await one(path, copilot, clock).fetch(3600)
    clock.now += 100
    found = await one(path, copilot, clock).fetch(3600)
    assert copilot.asked == 1
    assert (fetched.age, found.age) == (0, 100)
    assert found.models == fetched.models
    assert path.stat().st_mode & 0o777 == 0o600


async def test_many_at_once_ask_once(tmp_path: Path) -> None:
    path, copilot, clock = tmp_path / "models.json", Copilot(), Clock()
    lists = await asyncio.gather(*(one(path, copilot, clock).fetch(3600) for _ in range(5)))
    assert copilot.asked == 1
    assert all(list_.models == lists[0].models for list_ in lists)


async def test_one_that_is_too_old_or_from_the_future_is_fetched_anew(tmp_path: Path) -> None:
    path, copilot, clock = tmp_path / "models.json", Copilot(), Clock()
    await one(path, copilot, clock).fetch(60)
    clock.now += 61
    assert (await one(path, copilot, clock).fetch(60)).age == 0
    assert copilot.asked == 2
    clock.now -= 100
    assert (await one(path, copilot, clock).fetch(60)).age == 0
    assert copilot.asked == 3


@pytest.mark.parametrize(
    "other",
    [
        Owner("another", OURS.url, OURS.integration),
        Owner(OURS.account, "https://other.example/models", OURS.integration),
        Owner(OURS.account, OURS.url, "jetbrains-chat"),
    ],
)
async def test_another_owners_is_never_believed(tmp_path: Path, other: Owner) -> None:
    path, copilot, clock = tmp_path / "models.json", Copilot(), Clock()
    await one(path, copilot, clock, other).fetch(3600)
    await one(path, copilot, clock).fetch(3600)
    assert copilot.asked == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"models": [1]}', b"\xff", b'{"owner": {}}'])
async def test_a_damaged_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path, copilot, clock = tmp_path / "models.json", Copilot(), Clock()
    path.write_bytes(content)
    for _ in range(2):
        assert len((await one(path, copilot, clock).fetch(3600)).models) == 2
    assert copilot.asked == 1


async def test_a_directory_that_cannot_be_written_costs_a_fetch_each(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path, copilot, clock = tmp_path / "file" / "models.json", Copilot(), Clock()
    for _ in range(2):
        assert len((await one(path, copilot, clock).fetch(3600)).models) == 2
    assert copilot.asked == 2


async def test_a_failure_is_the_askers_own_and_leaves_no_file(tmp_path: Path) -> None:
    path, copilot, clock = tmp_path / "models.json", Copilot(), Clock()
    copilot.down = True
    with pytest.raises(Failure, match="down"):
        await one(path, copilot, clock).fetch(3600)
    assert not path.exists()
