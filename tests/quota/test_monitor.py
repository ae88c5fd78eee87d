"""The newest of a seat's quota: by answers, by GitHub, and what the log says of it."""

import logging
from typing import Any

import pytest

from passenger.account.protocol import CopilotUser
from passenger.errors import ResponseHeaders
from passenger.quota.headers import PREFIX
from passenger.quota.monitor import ASK_EVERY, KEEP_EVERY, QuotaMonitor, headers_of
from passenger.quota.quota import Quota
from tests.fakes import Clock

RESET, NEXT = "2026-12-01T00%3A00%3A00Z", "2027-01-01T00%3A00%3A00Z"
ID = ("x-request-id", "r")
TOLD_RESET = ("x-passenger-quota-reset", "2026-12-01T00:00:00Z")


def headers(left: float, of: float = 1000, *, over: float = 0, reset: str = RESET, name: str = "") -> ResponseHeaders:
    value = f"ent={of:g}&ov={over}&ovPerm=true&rem={100 * left / of:.1f}&rst={reset}&totRem={left}"
    return (ID, (f"{PREFIX}chat", "ent=-1&totRem=-1"), (PREFIX + (name or "premium_interactions"), value))


def user(plan: str = "individual", **counter: Any) -> CopilotUser:
    return CopilotUser(copilot_plan=plan, quota_snapshots={"premium_interactions": {"entitlement": 1000, **counter}})


CREDITS = user(token_based_billing=True, quota_remaining=640.5, quota_reset_at="2026-12-01", overage_permitted=True)


class World:
    def __init__(self) -> None:
        self.clock, self.asked = Clock(), 0
        self.monitor = QuotaMonitor(self._ask, clock=self.clock)

    def _ask(self) -> None:
        self.asked += 1

    def warnings(self, *found: ResponseHeaders) -> None:
        for one in found:
            self.monitor.note(one)


def test_clients_are_told_what_is_left_and_of_what() -> None:
    world = World()
    plain = (("x-passenger-quota-remaining", "900"), ("x-passenger-quota-entitlement", "1000"), TOLD_RESET)
    assert world.monitor.note(headers(900)) == plain
    world.monitor.note_user(CREDITS)
    told = (("x-passenger-quota-entitlement", "1000"), ("x-passenger-quota-unit", "credits"), TOLD_RESET)
    assert world.monitor.note(headers(900)) == (("x-passenger-quota-remaining", "900"), *told)
    assert world.monitor.note(headers(899.5)) == (("x-passenger-quota-remaining", "899.5"), *told)
    assert world.monitor.note(headers(0, over=7.5)) == (("x-passenger-quota-remaining", "-7.5"), *told)


@pytest.mark.parametrize(
    "found",
    [
        (),
        (ID,),
        (ID, (f"{PREFIX}chat", "ent=-1&totRem=-1")),
        (ID, (f"{PREFIX}premium_interactions", "")),
        (ID, (f"{PREFIX}premium_interactions", "ent=&totRem=nan")),
        (ID, (f"{PREFIX}completions", "ent=2000&totRem=7")),
    ],
)
def test_an_answer_that_tells_of_no_limit_has_no_such_headers(found: ResponseHeaders) -> None:
    assert World().monitor.note(found) == ()


def test_a_counter_is_found_wherever_it_stands_and_whatever_it_is_called() -> None:
    world = World()
    for found in (headers(900), headers(800)[::-1], headers(700, name="premium_models"), (ID, *headers(600))):
        assert world.monitor.note(found)
    newest = world.monitor.newest()
    assert newest is not None
    assert (newest.id, newest.remaining) == ("premium_interactions", 600)


def test_an_answer_without_a_quota_leaves_the_last_one() -> None:
    world = World()
    world.monitor.note(headers(900))
    world.monitor.note((ID,))
    newest = world.monitor.newest()
    assert newest is not None
    assert newest.remaining == 900


def test_the_newest_is_what_was_told_last_by_whomever() -> None:
    world = World()
    assert world.monitor.newest() is None
    world.monitor.note_user(CREDITS)
    seen = [world.monitor.newest()]
    world.clock.now += 1
    world.monitor.note(headers(600))
    seen.append(world.monitor.newest())
    world.clock.now += 1
    world.monitor.note_user(user(token_based_billing=True, quota_remaining=500))
    seen.append(world.monitor.newest())
    assert [quota and (quota.remaining, quota.unit) for quota in seen] == [
        (640.5, "credits"),
        (600, "credits"),
        (500, "credits"),
    ]


def test_the_counters_that_github_has_told_are_brought_up_to_date() -> None:
    world = World()
    chat, premium = Quota("chat", unlimited=True), Quota("premium_interactions", entitlement=1000, remaining=950)
    assert world.monitor.latest([chat, premium]) == [chat, premium]
    world.monitor.note(headers(900))
    newest = world.monitor.newest()
    assert world.monitor.latest([chat, premium]) == [chat, newest]
    assert world.monitor.latest([]) == [newest]
    assert world.monitor.latest([chat]) == [chat]


def test_the_free_plan_is_counted_by_its_chats() -> None:
    world = World()
    found = (
        ID,
        *[
            (PREFIX + name, f"ent=50&ov=0.0&rem=80.0&totRem={left}")
            for name, left in (("chat", 40), ("premium_interactions", 30))
        ],
    )
    world.monitor.note(found)
    world.monitor.note_user(
        CopilotUser(copilot_plan="free", limited_user_quotas={"chat": 41}, monthly_quotas={"chat": 50})
    )
    newest = world.monitor.newest()
    assert newest is not None
    assert (newest.id, newest.remaining, newest.unit) == ("chat", 41, "requests")
    assert dict(world.monitor.note(found))["x-passenger-quota-remaining"] == "40"


def test_github_is_asked_with_the_first_chat_and_every_five_minutes_while_there_are_more() -> None:
    world = World()
    assert world.asked == 0
    for expected, seconds in ((1, 0), (1, ASK_EVERY - 1), (2, 1), (3, 10 * ASK_EVERY)):
        world.clock.now += seconds
        world.monitor.ask_if_old()
        assert world.asked == expected
    world.clock.now += ASK_EVERY
    world.monitor.note(headers(900))
    assert world.asked == 3


# --- the log -----------------------------------------------------------------------------------------------------


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings since this was last asked."""
    found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return found


def test_each_threshold_is_warned_of_once_in_a_period(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.monitor.note_user(CREDITS)
    world.warnings(headers(201), headers(200), headers(199.5), headers(100), headers(51))
    assert warned(caplog) == ["80 % of the AI credits are used: 200 of 1,000 left until 2026-12-01; more is billed"]
    world.warnings(headers(50), headers(10), headers(0), headers(0, over=3), headers(0, over=70))
    assert warned(caplog) == ["95 % of the AI credits are used: 50 of 1,000 left until 2026-12-01; more is billed"]
    world.warnings(headers(900), headers(100), headers(10))  # more was bought, in the same period
    assert warned(caplog) == []
    world.warnings(headers(900, reset=NEXT), headers(150, reset=NEXT))
    assert warned(caplog) == ["80 % of the AI credits are used: 150 of 1,000 left until 2027-01-01; more is billed"]


def test_a_server_that_starts_late_warns_of_the_last_threshold_alone(caplog: pytest.LogCaptureFixture) -> None:
    World().warnings(headers(7), headers(6))
    assert warned(caplog) == ["95 % of the quota are used: 7 of 1,000 left until 2026-12-01; more is billed"]


def test_what_github_tells_is_warned_of_too_and_not_again_by_the_next_answer(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.monitor.note_user(user(remaining=120, quota_reset_at="2026-12-01T08:00:00Z"))
    assert warned(caplog) == [
        "80 % of the premium requests are used: 120 of 1,000 left until 2026-12-01; more is refused"
    ]
    world.warnings(headers(119), headers(118))
    assert warned(caplog) == []


def test_a_quota_that_has_no_limit_or_makes_no_sense_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    name = f"{PREFIX}premium_interactions"
    for value in ("ent=-1&rem=0.0&totRem=-1", "ent=0&rem=0.0&totRem=0", "ent=300", "rem=0.0", "ent=x&totRem=0"):
        world.monitor.note(((name, value),))
    assert warned(caplog) == []


def test_a_reset_that_is_never_told_does_not_warn_again(caplog: pytest.LogCaptureFixture) -> None:
    world, name = World(), f"{PREFIX}premium_interactions"
    for left in (100, 900, 100, 900):
        world.monitor.note(((name, f"ent=1000&totRem={left}"),))
    assert len(warned(caplog)) == 1


def test_a_number_is_told_without_an_exponent() -> None:
    told = dict(headers_of(Quota("q", entitlement=1e12, remaining=0.000001)))
    assert told == {"x-passenger-quota-remaining": "0.000001", "x-passenger-quota-entitlement": "1000000000000"}
    assert headers_of(Quota("q", entitlement=5)) == ()


def test_it_tells_whether_the_plan_counts_requests() -> None:
    monitor = QuotaMonitor(clock=Clock(0.0))
    assert not monitor.counts_requests
    monitor.note_user(CopilotUser(quota_snapshots={"premium_interactions": {"entitlement": 300}}))
    assert monitor.counts_requests
    monitor.note_user(CopilotUser(quota_snapshots={"premium_interactions": {"token_based_billing": True}}))
    assert not monitor.counts_requests


def test_a_header_is_kept_once_a_minute_and_what_github_says_each_time() -> None:
    clock, kept = Clock(), list[tuple[str, float | None, str | None]]()
    monitor = QuotaMonitor(clock=clock, keep=lambda quota, source: kept.append((source, quota.used, quota.unit)))
    for _ in range(2):
        monitor.note_user(CREDITS)
    for left in (640.0, 630.0, 620.0):
        monitor.note(headers(left))
        clock.now += KEEP_EVERY / 2
    assert kept == [
        ("github", 359.5, "credits"),
        ("github", 359.5, "credits"),
        ("headers", 360.0, "credits"),
        ("headers", 380.0, "credits"),
    ]


def test_a_header_that_tells_a_percentage_alone_is_not_kept() -> None:
    kept = list[Quota]()
    monitor = QuotaMonitor(clock=Clock(), keep=lambda quota, _source: kept.append(quota))
    monitor.note((("x-quota-snapshot-premium_interactions", "ent=1000&ov=0.0&ovPerm=true&rem=50.0"),))
    assert not kept
