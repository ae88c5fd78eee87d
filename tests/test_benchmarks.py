"""The benchmark's parts that can be judged without measuring: its page, its verdicts, and that it measures at all."""

import os
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from benchmarks import charts, report
from benchmarks.answers import EVENTS, WORDS, completions, messages, responses
from benchmarks.arena import run
from benchmarks.contestants import BARE, DIRECT, OURS, PASSENGER
from benchmarks.load import Job, Result
from benchmarks.measured import Measured
from benchmarks.payloads import BODIES, WHOLE
from benchmarks.workloads import JOBS, LINES, TRANSLATIONS, Bar, Plan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@pytest.mark.parametrize("part", ["results", "peers"])
def test_the_results_are_put_between_the_markers_and_nothing_else_changes(part: report.Part) -> None:
    page = PAGE.read_text()
    end = f"<!-- end of the {part} -->"
    written = report.rewritten(page, "| new |", part)
    assert f"{report.BEGIN[part]}\n\n| new |\n\n{end}" in written
    before, after = page.partition(report.BEGIN[part])[0], page.partition(end)[2]
    assert written.startswith(before)
    assert written.endswith(after)
    assert report.rewritten(written, "| new |", part) == written


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        report.rewritten("# Benchmarks\n", "| new |")


def test_the_page_shows_every_chart_that_is_drawn() -> None:
    page = PAGE.read_text()
    for name in charts.CHARTS:
        assert f"(charts/{name}.svg)" in page
        assert (PAGE.parent / "charts" / f"{name}.svg").exists()


@pytest.mark.parametrize(
    ("ours", "ratio", "said"),
    [(90.0, 3.0, "should"), (300.0, 0.9, "should"), (190.0, 3.0, "must"), (300.0, 1.9, "must"), (300.0, 3.0, "MISSED")],
)
def test_a_bar_is_met_as_a_figure_or_as_a_ratio_to_the_bare_relay(ours: float, ratio: float, said: str) -> None:
    assert report.verdict(Bar(must=200, should=100, bare=100), ours, ratio) == said


def seen() -> Measured:
    """What two lines of the report need."""
    measured = Measured()
    for name, p50 in ((DIRECT.name, 20.0), (BARE.name, 120.0), (PASSENGER.name, 320.0)):
        measured.add(name, "whole cpu", p50, 1.0, 10_000.0)
        measured.add(name, "one by one whole p50", p50)
    return measured


def test_the_report_has_a_row_for_every_line_that_was_measured_and_says_what_each_adds_to_a_direct_call() -> None:
    _, cost, added = report.rows(seen(), OURS)
    assert cost[2:6] == ["20.0", "120", "320", "2.67"]
    assert added[2:6] == ["20.0", "100", "300", "3.00"]


def test_the_report_of_peers_says_how_many_times_ours_each_of_theirs_is() -> None:
    _, cost, added = report.peer_rows(seen(), OURS)
    assert cost[2:] == ["20.0", "120 (x0.38)", "320"]
    assert added[2:] == ["20.0", "100 (x0.33)", "300"]


def test_what_a_contestant_could_not_do_is_said() -> None:
    measured = seen()
    measured.failed["bare", "crowd"] = "bare: after 40 s only 12 of 1000 streams flowed\nits log"
    measured.failed["LiteLLM", "start"] = "it does not serve:\nits log"
    assert report.notes(measured, OURS)[-1] == "bare could not do `crowd`: after 40 s only 12 of 1000 streams flowed"


def test_the_words_that_a_contestant_has_lost_are_said() -> None:
    measured = seen()
    for lost in (2, 5, 1):
        measured.add_result("bare", "stream", Result(lost=lost))
    measured.add_result("somebody else", "stream", Result(lost=9))
    said = [line for line in report.notes(measured, OURS) if "lost" in line]
    assert said == ["bare lost up to 5 of a stream's 198 words at full speed."]


def test_a_chart_has_a_bar_for_everyone_but_the_upstream_and_the_longest_is_the_most() -> None:
    text = charts.charts(seen(), OURS)["request.svg"]
    bars = [element for element in ElementTree.fromstring(text).iter() if element.get("fill") not in {None, "#fff"}]
    assert len(bars) == 2
    assert float(bars[1].get("width", 0)) > float(bars[0].get("width", 0)) > 0


def test_a_chart_escapes_names() -> None:
    assert "a &lt; b" in charts.svg("a < b", [("a < b", 1.0)])


def test_every_line_has_a_job_that_it_comes_from() -> None:
    starts = {"start cpu", "start wall", "help cpu", "help wall", "size", "idle", "open", "peak"}
    others = starts | {"pair rate", "pair cpu"}
    for line in LINES:
        assert line.source in others or any(line.source.startswith(f"{name} ") for name in JOBS), line


def test_request_bodies_are_of_the_size_they_say() -> None:
    assert 900 < len(BODIES["small"]) < 1200
    assert 105_000 < len(BODIES["agent"]) < 115_000
    assert 7_900_000 < len(BODIES["images"]) < 8_500_000
    assert {body for body, text in BODIES.items() if b'"stream":true' not in text} == WHOLE | {"gemini"}


def test_streams_of_every_dialect_say_the_same_words() -> None:
    for stream in (completions(usage=False), completions(usage=True), responses(), messages()):
        text = b"".join(stream)
        assert all(b'"word%d "' % number in text for number in range(WORDS))
    assert len(completions(usage=False)) == EVENTS + 1


def test_every_job_is_measured_for_everyone_who_can_do_it_and_no_process_is_left() -> None:
    before = _children()
    small = {name: _small(job) for name, job in JOBS.items()}
    measured = run(OURS, [], Plan(starts=0, rounds=1, divisor=1, seconds=600), lambda _: None, small)
    for source in JOBS:
        for contestant in OURS:
            able = source not in TRANSLATIONS or source in contestant.translates
            assert (measured.median(contestant.name, f"{source} cpu") is not None) == able, (source, contestant.name)
    assert _children() == before


def _small(job: Job) -> Job:
    """The same for a machine that has other things to do."""
    size = job.size if job.kind == "open" else min(job.size, 8)
    return msgspec.structs.replace(job, connections=min(job.connections, 2), slices=2, warm_up=1, size=size)


def _children() -> set[str]:
    """The processes that this one has started and that still run."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
