"""All checks together: one that fails or takes long keeps no other from being told."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from passenger.doctor.examine import PARTS, examine
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, ok
from tests.doctor.bench import Ward


async def test_where_all_is_well_nothing_has_failed(ward: Ward) -> None:
    chart = await ward.look()
    assert {one.id for one in chart.findings if one.state == "fail"} == set()
    assert [one.id for one in chart.findings][:2] == ["program", "config"]


async def test_every_part_tells_something_and_every_sentence_is_one_line(ward: Ward) -> None:
    chart = await ward.look()
    assert len(chart.findings) >= len(PARTS)
    assert all(one.text and "\n" not in one.text for one in chart.findings)


@pytest.mark.proves("doctor", "promise 4")
async def test_the_exchange_is_made_once_for_all_checks_and_no_file_is_written(ward: Ward) -> None:
    await ward.look()
    assert ward.simulator.exchanges == 1
    assert not list(ward.home.rglob("token.json"))


async def well(_facts: Facts) -> Sequence[Finding]:
    return [ok("well", "it is")]


async def stuck(_facts: Facts) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def broken(_facts: Facts) -> Sequence[Finding]:
    raise RuntimeError("a defect")


@pytest.mark.proves("doctor")
async def test_a_check_that_hangs_or_is_defect_is_a_failure_of_its_own(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    async with ward.facts() as facts:
        found = await examine(facts, {"stuck": stuck, "broken": broken, "well": well}, patience=0.01)
    assert [(one.id, one.state) for one in found] == [("stuck", "fail"), ("broken", "fail"), ("well", "ok")]
    assert [record.levelno for record in caplog.records if "broken" in record.getMessage()] == [logging.ERROR]
