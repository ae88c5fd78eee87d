"""This machine's clock, held against GitHub's `Date`."""

import time

import pytest

from passenger.doctor.clock import SETTING, setting
from tests.doctor.bench import Ward


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, "ok", "within"),
        (600, "warn", "10 minutes behind"),
        (-7200, "warn", "2 hours ahead of"),
        (3 * 86400, "fail", "3 days behind"),
    ],
)
async def test_a_clock_that_is_off_is_told_by_how_much(ward: Ward, ahead: float, state: str, words: str) -> None:
    ward.simulator.account.clock = lambda: time.time() + ahead
    clock = (await ward.look("clock"))["clock"]
    assert clock.state == state
    assert words in clock.text
    assert (clock.fix in SETTING.values()) is (state != "ok")


def test_each_system_has_a_command_of_its_own() -> None:
    assert len(set(SETTING.values())) == 3
    assert setting("Plan 9") == setting("Linux")
