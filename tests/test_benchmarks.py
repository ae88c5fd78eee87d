"""The benchmark's parts that can be judged without measuring: its page, its verdicts, and that it measures at all."""

import os
from pathlib import Path

import pytest
from benchmarks import report
from benchmarks.arena import Measured, run
from benchmarks.contestants import BARE, DIRECT, OURS, PASSENGER
from benchmarks.payloads import BODIES, EVENTS, LENGTHS, events
from benchmarks.workloads import JOBS, LINES, Bar, Plan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def test_the_results_are_put_between_the_markers_and_nothing_else_changes() -> None:
    page = PAGE.read_text()
    written = report.rewritten(page, "| new |")
    assert f"{report.BEGIN}\n\n| new |\n\n{report.END}" in written
    before, after = page.partition(report.BEGIN)[0], page.partition(report.END)[2]
    assert written.startswith(before)
    assert written.endswith(after)
    assert report.rewritten(written, "| new |") == written


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        report.rewritten("# Benchmarks\n", "| new |")


@pytest.mark.parametrize(
    ("ours", "ratio", "said"),
    [(90.0, 3.0, "should"), (300.0, 0.9, "should"), (190.0, 3.0, "must"), (300.0, 1.9, "must"), (300.0, 3.0, "MISSED")],
)
def test_a_bar_is_met_as_a_figure_or_as_a_ratio_to_the_bare_relay(ours: float, ratio: float, said: str) -> None:
    assert report.verdict(Bar(must=200, should=100, bare=100), ours, ratio) == said


def test_the_report_has_a_row_for_every_line_and_the_latency_that_each_adds() -> None:
    measured = Measured()
    for name, p50 in ((DIRECT.name, 20.0), (BARE.name, 120.0), (PASSENGER.name, 320.0)):
        measured.add(name, "whole", p50, 1.0, 10_000.0)
        measured.add(name, "one by one p50", p50)
    table = report.rows(measured, OURS)
    assert len(table) == len(LINES) + 2
    assert table[1][2:6] == ["20.0", "120", "320", "2.67"]
    assert table[-1][2:5] == ["0.0", "100", "300"]


def test_request_bodies_and_streams_are_of_the_size_they_say() -> None:
    assert 900 < len(BODIES["small"]) < 1200
    assert 105_000 < len(BODIES["agent"]) < 115_000
    assert len(events(EVENTS, usage=False)) == LENGTHS["small stream"]
    assert len(events(EVENTS, usage=True)) == LENGTHS["agent stream"]


def test_every_job_of_the_smallest_plan_is_measured_for_everyone_and_no_process_is_left() -> None:
    before = _children()
    measured = run(OURS, Plan(starts=0, rounds=1, divisor=16), lambda _: None)
    for source, job in JOBS.items():
        for contestant in OURS:
            asked = contestant.translates or not job.path
            assert (measured.median(contestant.name, source) is not None) == asked, (source, contestant.name)
    assert _children() == before


def _children() -> set[str]:
    """The processes that this one has started and that still run."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
