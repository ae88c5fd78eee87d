import asyncio

import pytest

from passenger.copilot.catalog import read_models
from passenger.copilot.catalog_cache import REFETCH_INTERVAL, RETRY_INTERVAL, CatalogCache, Fetched
from passenger.errors import Failure, Kind
from tests.fakes import Clock


class Source:
    """Gives the models it is told to, and counts."""

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.fetches = 0
        self.down = False
        self.failure: Failure | None = None
        self.age = 0.0
        self.believed = 0.0

    async def __call__(self, believed: float) -> Fetched:
        self.fetches += 1
        self.believed = believed
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if self.down:
            raise Failure(Kind.UNAVAILABLE, "down")
        listed = read_models(b"[" + b",".join(b'{"id":"%s"}' % name.encode() for name in self.ids) + b"]")
        return Fetched(listed, self.age)


def live(source: Source, clock: Clock) -> CatalogCache:
    return CatalogCache(source, clock=clock, lifetime=3600, aliases={})


async def resolved(catalog: CatalogCache, name: str) -> str | None:
    model = await catalog.resolve(name)
    return model.id if model else None


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_many_first_requests_cost_one_fetch() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    assert await asyncio.gather(*(resolved(catalog, "a") for _ in range(50))) == ["a"] * 50
    assert source.fetches == 1


async def test_an_old_catalogue_serves_while_a_new_one_is_fetched() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    await resolved(catalog, "a")
    source.ids = ["a", "b"]
    clock.now += 3601
    assert await resolved(catalog, "a") == "a"
    await settle()
    assert source.fetches == 2
    assert await resolved(catalog, "b") == "b"
    assert source.fetches == 2


async def test_a_name_it_lacks_is_looked_up_anew_once_a_minute_at_most() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    await resolved(catalog, "a")
    for _ in range(10):
        with pytest.raises(Failure, match="'b' does not exist"):
            await resolved(catalog, "b")
    assert source.fetches == 1
    source.ids = ["a", "b"]
    clock.now += 60
    assert await resolved(catalog, "b") == "b"
    assert source.fetches == 2


async def test_a_stale_catalogue_serves_while_github_is_down() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    await resolved(catalog, "a")
    source.down = True
    clock.now += 100_000
    assert await resolved(catalog, "a") == "a"
    await settle()
    assert catalog.trouble is not None
    assert list((await catalog.list()).models) == ["a"]


async def test_without_any_catalogue_a_name_goes_up_as_it_is() -> None:
    source, clock = Source("a"), Clock()
    source.down = True
    catalog = live(source, clock)
    assert await resolved(catalog, "anything") is None
    assert await resolved(catalog, "anything") is None
    assert source.fetches == 1
    with pytest.raises(Failure, match="down"):
        await catalog.list()
    source.down = False
    clock.now += 60
    assert await resolved(catalog, "a") == "a"


async def test_where_nobody_could_be_reached_the_first_list_is_soon_asked_for_again() -> None:
    source, clock = Source("a"), Clock()
    source.failure = Failure(Kind.UPSTREAM, "cannot be reached", code="upstream_unreachable")
    catalog = live(source, clock)
    assert await resolved(catalog, "a") is None
    clock.now += RETRY_INTERVAL - 1
    assert await resolved(catalog, "a") is None
    assert source.fetches == 1
    source.failure = None
    clock.now += 1
    assert await resolved(catalog, "a") == "a"


async def test_a_list_that_is_there_is_not_asked_for_more_often_for_want_of_a_network() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    await resolved(catalog, "a")
    source.failure = Failure(Kind.UPSTREAM, "cannot be reached", code="upstream_unreachable")
    clock.now += 3601
    for _ in range(3):
        assert await resolved(catalog, "a") == "a"
        await settle()
        clock.now += RETRY_INTERVAL
    assert source.fetches == 2


async def test_for_want_of_a_login_there_is_no_pause_before_the_next_fetch() -> None:
    source, clock = Source("a"), Clock()
    source.failure = Failure(Kind.LOGIN, "nobody is logged in", code="login_needed")
    catalog = live(source, clock)
    with pytest.raises(Failure, match="nobody"):
        await catalog.list()
    source.failure = None
    assert list((await catalog.list()).models) == ["a"]


async def test_what_another_process_has_fetched_grows_old_from_then_on() -> None:
    source, clock = Source("a"), Clock()
    source.age = 3000.0
    catalog = live(source, clock)
    await resolved(catalog, "a")
    clock.now += 599
    await resolved(catalog, "a")
    await settle()
    assert source.fetches == 1
    clock.now += 2
    await resolved(catalog, "a")
    await settle()
    assert source.fetches == 2


async def test_for_a_name_it_lacks_only_a_new_list_of_another_process_is_believed() -> None:
    source, clock = Source("a"), Clock()
    catalog = live(source, clock)
    await resolved(catalog, "a")
    assert source.believed == 3600
    clock.now += 60
    with pytest.raises(Failure, match="'b' does not exist"):
        await resolved(catalog, "b")
    assert source.believed == REFETCH_INTERVAL
    clock.now += 3601
    await resolved(catalog, "a")
    await settle()
    assert source.believed == 3600


@pytest.mark.proves("promise 8")
async def test_a_failure_that_is_kept_is_told_to_each_as_one_of_its_own() -> None:
    source, clock = Source("a"), Clock()
    source.down = True
    catalog = live(source, clock)
    heard = await asyncio.gather(*(catalog.list() for _ in range(5)), return_exceptions=True)
    heard += await asyncio.gather(catalog.list(), return_exceptions=True)
    assert {str(failure) for failure in heard} == {"down"}
    assert len({id(failure) for failure in heard}) == 6
    assert catalog.trouble is not None
    assert (catalog.trouble.__traceback__, catalog.trouble.__context__) == (None, None)


async def test_a_mistake_of_ours_in_a_fetch_is_trouble_like_any_other() -> None:
    async def broken(_believed: float) -> Fetched:
        raise OverflowError("too large")

    catalog = CatalogCache(broken, clock=Clock(), lifetime=3600, aliases={})
    assert await catalog.resolve("a") is None
    with pytest.raises(Failure) as caught:
        await catalog.list()
    assert (caught.value.status, caught.value.code) == (500, "internal_error")
