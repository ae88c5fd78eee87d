"""The benchmark's parts that can be judged without measuring: its page, its verdicts, and that it measures at all."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from benchmarks import __main__ as command
from benchmarks import charts, report
from benchmarks.answers import EVENTS, WORDS, completions, messages, responses
from benchmarks.arena import Variant, run
from benchmarks.bars import BUN, NGINX, RS
from benchmarks.contestants import BARE, DIRECT, OURS, PASSENGER, Contestant, LeftOutError, Stage, passenger_command
from benchmarks.load import Job, Result
from benchmarks.measured import Measured
from benchmarks.payloads import BODIES, WHOLE
from benchmarks.peers import PEERS
from benchmarks.variants import SETUPS, crowded, over_tls
from benchmarks.workloads import JOBS, LINES, MANY, TRANSLATIONS, Plan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@pytest.mark.parametrize("part", ["bars", "results", "peers", "first minute"])
def test_the_results_are_put_between_the_markers_and_nothing_else_changes(part: report.Part) -> None:
    page = PAGE.read_text()
    end = f"<!-- end of the {part} -->"
    written = report.rewritten(page, "| new |", part)
    assert f"{report.BEGIN[part]}\n\n| new |\n\n{end}" in written
    before, after = page.partition(report.BEGIN[part])[0], page.partition(end)[2]
    assert written.startswith(before)
    assert written.endswith(after)
    assert report.rewritten(written, "| new |", part) == written


@pytest.mark.parametrize("all_peers", [True, False])
def test_the_table_of_peers_and_the_charts_are_written_where_all_of_them_were_measured(
    all_peers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, drawn = tmp_path / "benchmarks.md", tmp_path / "charts"
    page.write_text(PAGE.read_text())
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "CHARTS", drawn)
    peer = Contestant("Somebody", {})
    command._tell(seen((peer.name, 7.0)), [], [peer], [], all_peers=all_peers, write_it=True)
    assert "| Somebody |" not in page.read_text().partition(report.BEGIN["peers"])[0]
    assert ("| Somebody |" in page.read_text()) == all_peers
    assert (drawn / "request.svg").exists() == all_peers


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        report.rewritten("# Benchmarks\n", "| new |")


def test_the_page_shows_every_chart_that_is_drawn() -> None:
    page = PAGE.read_text()
    for name in charts.CHARTS:
        assert f"(charts/{name}.svg)" in page
        assert (PAGE.parent / "charts" / f"{name}.svg").exists()


def seen(*others: tuple[str, float]) -> Measured:
    """What two lines of the report need."""
    measured = Measured()
    for name, p50 in ((DIRECT.name, 20.0), (BARE.name, 120.0), (PASSENGER.name, 320.0), *others):
        measured.add(name, "whole cpu", p50, 1.0, 10_000.0)
        measured.add(name, "one by one whole p50", p50)
    return measured


def test_the_report_has_a_row_for_every_line_that_was_measured_and_says_what_each_adds_to_a_direct_call() -> None:
    _, cost, added = report.rows(seen(), OURS)
    assert cost[2:] == ["20.0", "120", "320"]
    assert added[2:] == ["20.0", "100", "300"]


def test_the_table_of_bars_tells_each_ratio_that_was_measured_and_what_was_wanted_beside_it() -> None:
    head, cost = report.bar_rows(seen((NGINX, 80.0), (RS, 200.0)))
    assert cost[2:4] == ["320", "x4.00 nginx, x1.60 passenger-rs"]
    assert cost[4] == "x5.6 nginx, x2 passenger-rs, x1 copilot-api (Bun), 90 there"
    assert (head[-1], cost[-1]) == ("met", "must")


def test_what_is_missed_is_told_by_how_much_and_how_slow_the_machine_is() -> None:
    said = report.misses(seen((NGINX, 32.0)))
    assert said[0] == "Missed:"
    assert said[1].splitlines() == [
        "* (a) 1 KB, answered whole: must: 10.00 times nginx, at most 5.6.",
    ]
    assert "2.0 times the 16 us" in said[2]
    assert "costs 3.8 times what nginx does here" in said[3]


def test_nothing_of_cpu_time_is_judged_without_anybody_to_compare_with() -> None:
    assert report.bar_rows(seen())[1][-1] == "-"
    assert report.misses(seen())[-1] == "Without nginx in the same run, bars of CPU time are not judged."


def test_an_event_that_is_translated_is_compared_with_one_that_nginx_passes_on() -> None:
    measured = Measured()
    measured.add(PASSENGER.name, "messages cpu", 1600.0)
    measured.add(NGINX, "stream cpu", 500.0)
    assert report.bar_rows(measured)[1][2:4] == ["8.0", "x3.20 nginx"]
    assert report.bar_rows(measured)[1][-1] == "must"


def test_whoever_a_bar_names_is_somebody_who_is_measured() -> None:
    known = {NGINX, RS, *PEERS, *(contestant.name for contestant in OURS)}
    assert BUN in PEERS
    assert {name for line in LINES if line.bar for name in line.bar.names()} <= known


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
    starts = {"start cpu", "start wall", "help cpu", "help wall", "size", "packages", "idle", "open", "peak"}
    jobs = {*JOBS, *(source for setup in SETUPS for source in setup.jobs)}
    for line in LINES:
        assert line.source in starts or any(line.source.startswith(f"{name} ") for name in jobs), line


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
            assert (measured.median(contestant.name, f"{source} cpu") is not None) == able, (
                source,
                contestant.name,
            )
    assert _children() == before


def test_a_server_that_is_set_up_otherwise_is_measured_for_the_jobs_of_that() -> None:
    jobs = {"TLS whole": _small(JOBS["whole"]), "TLS ping-pong": _small(JOBS["ping-pong"])}
    variant = Variant("TLS", jobs, [over_tls(lambda: PASSENGER)()])
    measured = run((), [variant], Plan(starts=1, rounds=0, divisor=1, seconds=60), lambda _: None)
    assert measured.failed == {}
    for source in jobs:
        assert (measured.median(PASSENGER.name, f"{source} cpu") or 0) > 0


def test_streams_take_memory_in_a_server_that_was_told_to_serve_many() -> None:
    job = _small(MANY["many"])
    variant = Variant("many", {"many": job}, [crowded(lambda: PASSENGER)()])
    measured = run((), [variant], Plan(starts=1, rounds=0, divisor=1, seconds=60), lambda _: None)
    assert measured.median(PASSENGER.name, "many cpu") is not None
    assert measured.median(PASSENGER.name, "many open") is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--write", "--jobs", "whole"], "--write takes a whole run"),
        (["--write", "--against", "HEAD"], "--write takes a whole run"),
        (["--against", "HEAD", "--jobs", "whole,many"], "--against has no job: many; there are whole,"),
        (["--peers", "--only", "nobody"], "no peer: nobody; there are copilot-api (Bun),"),
        (["--jobs", "TLS nothing"], "no job: TLS nothing; there are whole,"),
    ],
)
def test_the_command_says_what_it_does_not_take(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_where_a_process_may_not_open_as_many_files_a_line_says_so() -> None:
    with pytest.raises(LeftOutError, match=r"a process may open 4,096 files here, and needs 8,600"):
        crowded(lambda: PASSENGER, lambda: 4096)()


def test_a_peer_that_could_not_do_a_job_does_the_next_one_in_a_new_process() -> None:
    started = list[int]()

    def serve(stage: Stage) -> Sequence[str]:
        started.append(stage.port)
        return passenger_command(stage)

    peer = replace(PASSENGER, peer=True, command=serve, routes={"chat": "/nowhere"}, size=None, packages=None)
    jobs = {name: _small(JOBS[name]) for name in ("whole", "stream")}
    measured = run([peer], [], Plan(starts=0, rounds=2, divisor=1, seconds=60), lambda _: None, jobs)
    assert set(measured.failed) == {(peer.name, "whole"), (peer.name, "stream")}
    assert len(started) == 3
    assert (measured.median(peer.name, "peak") or 0) > 0


def _small(job: Job) -> Job:
    """The same for a machine that has other things to do."""
    size = min(job.size, 8) if job.kind == "closed" else job.size
    return msgspec.structs.replace(job, connections=min(job.connections, 2), slices=2, warm_up=1, size=size)


def _children() -> set[str]:
    """The processes that this one has started and that still run."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
