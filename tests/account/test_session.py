import asyncio
import gc

import pytest

from passenger.account.protocol import Grant
from passenger.account.session import BACKOFF, LONGEST_PAUSE, REFUSED_PAUSE, Session
from passenger.account.token import Access, Token
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from tests.fakes import NOON, Clock, MemoryVault, grant, login


class GitHub:
    """Exchanges tokens when it is let to, and counts."""

    def __init__(self) -> None:
        self.exchanges = 0
        self.failure: Failure | None = None
        self.gate: asyncio.Event | None = None
        self.grant: Grant | None = None
        self.login: Secret | None = None

    async def exchange(self, login: Secret) -> Grant:
        self.exchanges += 1
        self.login = login
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return self.grant or grant(f"token-{self.exchanges}")


class Bench:
    """A session with everything around it in reach."""

    def __init__(self, token: Token | None = None, token_store: type[MemoryVault] = MemoryVault) -> None:
        self.clock = Clock()
        self.token_store = token_store(token)
        self.github = GitHub()
        self.session = self.another()

    def another(self) -> Session:
        return Session(
            self.token_store,
            self.github.exchange,
            clock=self.clock,
            base_url=lambda api: api or "https://api.example",
            headers={},
        )


class FullDisk(MemoryVault):
    """A token store that can keep nothing new."""

    def save(self, grant: Grant, token: Token) -> None:
        pass


def token(text: str = "old", *, expires_in: float = 1800, refresh_in: float = 1500) -> Token:
    return Token(Secret(text), NOON + expires_in, NOON + refresh_in, None, login().token.fingerprint())


def bearer(access: Access) -> str:
    return access.bearer.reveal()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


DOWN = Failure(Kind.UNAVAILABLE, "GitHub is down")


async def test_a_fresh_token_is_used_without_asking_github() -> None:
    bench = Bench(token())
    assert bearer(await bench.session.access()) == "old"
    assert bench.github.exchanges == 0


async def test_what_is_handed_out_says_where_it_may_be_used_how_and_for_how_long() -> None:
    bench = Bench()
    bench.github.grant = grant("new", api="https://api.tenant.example")
    session = Session(
        bench.token_store,
        bench.github.exchange,
        clock=bench.clock,
        base_url=lambda api: f"{api}/v1",
        headers={"Editor-Version": "a"},
    )
    made = Access(Secret("new"), "https://api.tenant.example/v1", {"Editor-Version": "a"}, NOON + 1800)
    assert await session.access() == made
    assert bench.token_store.granted == bench.github.grant


async def test_the_log_says_how_long_a_new_token_is_good_for_and_why_there_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    await bench.session.access()
    bench.clock.now += 1801
    bench.github.failure = DOWN
    with pytest.raises(Failure):
        await bench.session.access()
    assert caplog.messages == ["new Copilot token, good for 1800 s", "no new Copilot token: GitHub is down"]


async def test_what_cannot_be_saved_is_used_from_memory() -> None:
    bench = Bench(token(), token_store=FullDisk)
    refused = await bench.session.access()
    assert bearer(await bench.session.renew(refused)) == "token-1"
    assert bearer(await bench.session.renew(refused)) == "token-1"
    assert bench.github.exchanges == 1


async def test_what_is_exchanged_on_demand_needs_not_be_saved_to_be_used() -> None:
    bench = Bench(token_store=FullDisk)
    await bench.session.exchange()
    assert bearer(await bench.session.access()) == "token-1"
    assert bench.github.exchanges == 1


async def test_a_new_login_can_be_exchanged_before_it_is_the_one_in_use() -> None:
    bench = Bench()
    await bench.session.exchange(login("ghu_fake-new"))
    assert bench.github.login == Secret("ghu_fake-new")
    assert (await bench.session.exchange()).login == login().token.fingerprint()


@pytest.mark.proves("F3", "promise 4")
async def test_two_hundred_waiters_cost_one_exchange() -> None:
    bench = Bench()
    accesses = await asyncio.gather(*(bench.session.access() for _ in range(200)))
    assert {bearer(access) for access in accesses} == {"token-1"}
    assert bench.github.exchanges == 1


@pytest.mark.proves("F3", "promise 4")
async def test_two_hundred_refusals_cost_one_exchange() -> None:
    bench = Bench(token())
    refused = await bench.session.access()
    accesses = await asyncio.gather(*(bench.session.renew(refused) for _ in range(200)))
    assert {bearer(access) for access in accesses} == {"token-1"}
    assert bench.github.exchanges == 1


async def test_a_token_past_its_refresh_time_is_used_while_another_is_fetched() -> None:
    bench = Bench(token())
    bench.clock.now += 1600
    bench.github.gate = asyncio.Event()
    assert bearer(await bench.session.access()) == "old"
    bench.github.gate.set()
    bench.github.grant = grant("new", expires_in=3600)
    await settle()
    assert bearer(await bench.session.access()) == "new"
    assert bench.github.exchanges == 1


async def test_a_token_is_renewed_at_least_a_minute_before_its_end() -> None:
    bench = Bench(token(refresh_in=1_000_000))
    bench.clock.now += 1741
    bench.github.grant = grant("new", expires_in=3600)
    assert bearer(await bench.session.access()) == "new"


async def test_a_failed_renewal_harms_nobody_while_the_old_token_is_good() -> None:
    bench = Bench(token())
    bench.github.failure = DOWN
    for later in (1600, 1750, 1799):
        bench.clock.now = NOON + later
        assert bearer(await bench.session.access()) == "old"
        await settle()


async def test_asyncio_does_not_report_a_renewal_that_failed_beside_a_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")  # a kept record would keep the failure, and that the task
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    bench = Bench(token())
    bench.github.failure = Failure(Kind.UNAVAILABLE, "GitHub is down")
    bench.clock.now += 1600
    await bench.session.access()
    await settle()
    bench.session, bench.github.failure = bench.another(), None
    gc.collect()
    assert reported == []


async def test_an_expired_token_and_github_down_is_a_failure_with_a_time_to_come_back() -> None:
    bench = Bench(token())
    bench.github.failure = DOWN
    bench.clock.now += 1801
    with pytest.raises(Failure) as caught:
        await bench.session.access()
    assert caught.value.status == 503
    assert caught.value.retry_after == "1"


async def test_a_failed_exchange_is_not_tried_again_before_its_time() -> None:
    bench = Bench()
    bench.github.failure = DOWN
    for _ in range(20):
        with pytest.raises(Failure):
            await bench.session.access()
    assert bench.github.exchanges == 1
    bench.clock.now += 1
    with pytest.raises(Failure) as caught:
        await bench.session.access()
    assert bench.github.exchanges == 2
    assert caught.value.retry_after == "2"


async def test_it_recovers_by_itself() -> None:
    bench = Bench()
    bench.github.failure = DOWN
    with pytest.raises(Failure):
        await bench.session.access()
    trouble = bench.session.trouble()
    assert trouble is not None
    assert trouble.message == DOWN.message
    bench.github.failure = None
    bench.clock.now += 1
    assert bearer(await bench.session.access()) == "token-2"
    assert bench.session.trouble() is None


async def test_githubs_own_retry_after_is_kept() -> None:
    bench = Bench()
    bench.github.failure = Failure(Kind.RATE_LIMIT, "slow", retry_after="77")
    with pytest.raises(Failure):
        await bench.session.access()
    bench.clock.now += 76
    with pytest.raises(Failure):
        await bench.session.access()
    assert bench.github.exchanges == 1


@pytest.mark.parametrize("asked", ["7200", "9" * 400])
async def test_an_hour_is_the_longest_that_github_is_left_alone(asked: str) -> None:
    bench = Bench()
    bench.github.failure = Failure(Kind.RATE_LIMIT, "slow", retry_after=asked)
    with pytest.raises(Failure):
        await bench.session.access()
    bench.clock.now += LONGEST_PAUSE - 1
    with pytest.raises(Failure):
        await bench.session.access()
    assert bench.github.exchanges == 1
    bench.clock.now += 1
    bench.github.failure = None
    bench.github.grant = grant("new", expires_in=7200)
    assert bearer(await bench.session.access()) == "new"


async def test_a_time_to_come_back_that_is_no_number_is_one_failure_and_not_another() -> None:
    bench = Bench()
    bench.github.failure = Failure(Kind.RATE_LIMIT, "slow", retry_after="\u00b2")
    with pytest.raises(Failure, match="slow"):
        await bench.session.access()


async def test_a_clock_that_is_set_back_does_not_prolong_a_pause() -> None:
    bench = Bench()
    bench.github.failure = DOWN
    with pytest.raises(Failure):
        await bench.session.access()
    bench.github.failure = None
    bench.clock.now -= 86_400
    assert bearer(await bench.session.access()) == "token-2"


async def test_a_late_refusal_never_brings_a_token_that_has_expired_meanwhile() -> None:
    bench = Bench(token())
    refused = await bench.session.access()
    bench.token_store.token, bench.token_store.touched = token("newer"), True
    assert bearer(await bench.session.access()) == "newer"
    bench.clock.now += 1801
    bench.github.grant = grant("newest", expires_in=3600)
    assert bearer(await bench.session.renew(refused)) == "newest"


async def test_a_refused_login_is_asked_about_twice_a_minute_at_most() -> None:
    bench = Bench()
    bench.github.failure = Failure(Kind.FORBIDDEN, "no seat")
    for _ in range(5):
        with pytest.raises(Failure, match="no seat"):
            await bench.session.access()
        bench.clock.now += (REFUSED_PAUSE - 5) / 5
    assert bench.github.exchanges == 1
    bench.clock.now += 5
    with pytest.raises(Failure):
        await bench.session.access()
    assert bench.github.exchanges == 2


async def test_a_new_login_is_tried_at_once() -> None:
    bench = Bench()
    bench.github.failure = Failure(Kind.LOGIN, "revoked")
    with pytest.raises(Failure):
        await bench.session.access()
    bench.github.failure = None
    bench.token_store.touched = True
    assert bearer(await bench.session.access()) == "token-2"


@pytest.mark.proves("F4")
async def test_the_first_waiters_leaving_does_not_stop_the_exchange() -> None:
    bench = Bench()
    bench.github.gate = asyncio.Event()
    first = asyncio.create_task(bench.session.access())
    second = asyncio.create_task(bench.session.access())
    await settle()
    first.cancel()
    await settle()
    bench.github.gate.set()
    assert bearer(await second) == "token-1"
    assert bench.github.exchanges == 1


async def test_the_loser_of_two_processes_adopts_the_winners_token() -> None:
    bench = Bench()
    other = bench.another()
    one, two = await asyncio.gather(bench.session.access(), other.access())
    assert bearer(one) == bearer(two) == "token-1"
    assert bench.github.exchanges == 1


async def test_a_refused_token_is_never_adopted_again() -> None:
    bench = Bench(token())
    refused = await bench.session.access()
    bench.token_store.touched = True
    assert bearer(await bench.session.renew(refused)) == "token-1"


async def test_a_token_refused_twice_in_a_row_costs_no_third_exchange() -> None:
    bench = Bench(token())
    again = await bench.session.renew(await bench.session.access())
    bench.session.reject(again)
    for _ in range(3):
        with pytest.raises(Failure, match="passenger login") as caught:
            await bench.session.renew(again)
        assert (caught.value.status, caught.value.code) == (401, "login_needed")
    assert bench.github.exchanges == 1


async def test_a_clock_that_is_set_back_does_not_prolong_the_pause_after_a_refusal_either() -> None:
    bench = Bench(token())
    again = await bench.session.renew(await bench.session.access())
    bench.session.reject(again)
    bench.clock.now -= 86_400
    assert bearer(await bench.session.renew(again)) == "token-2"


async def test_a_token_that_died_on_its_way_is_exchanged_after_a_pause_that_grows() -> None:
    bench = Bench(token())
    refused = await bench.session.renew(await bench.session.access())
    for number, pause in enumerate((*BACKOFF, BACKOFF[-1]), start=2):
        bench.session.reject(refused)
        bench.clock.now += pause - 0.5
        bench.session.reject(refused)  # by a request that was under way
        with pytest.raises(Failure, match="passenger login"):
            await bench.session.renew(refused)
        bench.clock.now += 0.5
        refused = await bench.session.renew(refused)
        assert bearer(refused) == f"token-{number}"
    bench.session.accept(refused)
    refused = await bench.session.renew(refused)
    bench.session.reject(refused)
    bench.clock.now += BACKOFF[0]
    assert bearer(await bench.session.renew(refused)) == "token-10"


async def test_a_token_that_has_served_and_is_refused_is_exchanged_at_once() -> None:
    bench = Bench(token())
    again = await bench.session.renew(await bench.session.access())
    bench.session.accept(again)
    bench.session.reject(again)
    assert bearer(await bench.session.renew(again)) == "token-2"


async def test_without_a_login_a_good_token_still_serves_and_then_the_login_is_named() -> None:
    bench = Bench(token())
    bench.token_store.the_login = None
    assert bench.session.is_usable()
    bench.clock.now += 1750
    assert bearer(await bench.session.access()) == "old"
    bench.clock.now += 60
    assert not bench.session.is_usable()
    with pytest.raises(Failure, match="passenger login") as caught:
        await bench.session.access()
    assert (caught.value.status, caught.value.code) == (401, "login_needed")


async def test_the_first_login_is_used_at_once_though_a_request_came_before_it() -> None:
    bench = Bench()
    bench.token_store.the_login = None
    with pytest.raises(Failure, match="nobody is logged in"):
        await bench.session.access()
    bench.token_store.the_login = login()
    assert bearer(await bench.session.access()) == "token-1"


async def test_a_token_that_cannot_be_exchanged_is_not_sent_to_github() -> None:
    bench = Bench()
    bench.token_store.the_login = login("ghp_fake-classic")
    with pytest.raises(Failure, match="classic personal access token") as caught:
        await bench.session.access()
    assert (caught.value.status, caught.value.code) == (401, "login_needed")
    assert bench.github.exchanges == 0


async def test_a_refresh_always_exchanges() -> None:
    bench = Bench(token())
    assert (await bench.session.exchange()).bearer.reveal() == "token-1"
    assert bearer(await bench.session.access()) == "token-1"


@pytest.mark.proves("F9")
@pytest.mark.parametrize("refresh_in", [0, -5, None, 1e12, -1e12])
async def test_an_absurd_refresh_time_is_clamped(refresh_in: float | None) -> None:
    bench = Bench()
    bench.github.grant = grant("odd", refresh_in=refresh_in)
    await bench.session.access()
    bench.clock.now += 29
    await bench.session.access()
    await settle()
    assert bench.github.exchanges == 1


@pytest.mark.proves("F9")
async def test_a_token_that_comes_expired_is_an_error_and_not_a_loop() -> None:
    bench = Bench()
    bench.github.grant = grant("stale", expires_in=-10)
    for _ in range(5):
        with pytest.raises(Failure, match="already expired"):
            await bench.session.access()
    assert bench.github.exchanges == 1


@pytest.mark.proves("F10")
@pytest.mark.parametrize("skew", [-86_400, -3600, 3600, 86_400])
async def test_a_clock_that_is_wrong_neither_wastes_nor_outlives_a_token(skew: float) -> None:
    bench = Bench()
    bench.clock.now = NOON + skew
    bench.github.grant = Grant(Secret("t"), NOON + 1800, 1500, None, None, server_time=NOON)
    await bench.session.access()
    bench.clock.now += 1400
    await bench.session.access()
    assert bench.github.exchanges == 1
    bench.github.grant = Grant(Secret("u"), NOON + 3600, 1500, None, None, server_time=NOON + 1800)
    bench.clock.now += 400
    assert bearer(await bench.session.access()) == "u"


# --- a failure that many hear of ---------------------------------------------------------------------------------


@pytest.mark.proves("promise 8", "F8")
async def test_each_who_waits_for_a_renewal_that_fails_gets_a_failure_of_its_own() -> None:
    bench = Bench()
    bench.github.failure = DOWN
    together = await asyncio.gather(*(bench.session.access() for _ in range(20)), return_exceptions=True)
    later = await asyncio.gather(bench.session.access(), return_exceptions=True)
    heard = [*together, *later]
    assert {str(failure) for failure in heard} == {"GitHub is down"}
    assert len({id(failure) for failure in heard}) == 21
    assert bench.github.exchanges == 1


async def test_the_failure_that_is_kept_holds_no_frame() -> None:
    bench = Bench()
    bench.github.failure = DOWN
    for _ in range(2):
        with pytest.raises(Failure, match="GitHub is down"):
            await bench.session.access()
    kept = bench.session.trouble()
    assert kept is not None
    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)


async def test_a_mistake_of_ours_in_a_renewal_is_logged_once_and_not_tried_again_with_every_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()

    async def broken(_login: Secret) -> Grant:
        bench.github.exchanges += 1
        raise OverflowError("too large")

    bench.session = Session(bench.token_store, broken, clock=bench.clock, base_url=str, headers={})
    for _ in range(3):
        with pytest.raises(Failure) as caught:
            await bench.session.access()
        assert (caught.value.status, caught.value.code) == (500, "internal_error")
    assert bench.github.exchanges == 1
    assert caplog.text.count("OverflowError: too large") == 1
