"""`python -m benchmarks`: measure Passenger beside a direct call and a bare relay, its peers, or another revision."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from benchmarks import against
from benchmarks.arena import FailedJobError, Variant, run
from benchmarks.charts import charts, write
from benchmarks.contestants import OURS, PASSENGER, Contestant, LeftOutError
from benchmarks.measured import Measured
from benchmarks.peers import PEERS, YARDSTICKS
from benchmarks.process import NotStartedError
from benchmarks.report import PAGE, Part, Row, as_markdown, as_text, bar_rows, misses, notes, peer_rows, rewritten, rows
from benchmarks.variants import PEER_SETUPS, SETUPS, Setup
from benchmarks.workloads import AGAINST, BESIDE_PEERS, FULL, JOBS, ON_DISK, QUICK, Plan

CHARTS = PAGE.parent / "charts"


def main() -> int:
    """Run, print, and write the page where that is asked for; exit code 1 where something could not be measured."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, end the children as Ctrl-C does
    if options.against:
        return _compare(options)
    chosen = {name: PEERS[name] for name in options.only or PEERS} if options.peers else {}
    left_out: dict[str, None] = {}
    try:
        yardsticks, peers = _found(YARDSTICKS, left_out), _found(chosen.values(), left_out)
        setups = (*SETUPS, *(PEER_SETUPS if "LiteLLM" in chosen else ()))
        variants = [_variant(setup, options.jobs, left_out) for setup in setups]
        jobs = {name: job for name, job in JOBS.items() if not options.jobs or name in options.jobs}
        measured = run((*OURS, *yardsticks, *peers), variants, _plan(options), _progress, jobs)
    except (FailedJobError, NotStartedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _tell(measured, yardsticks, peers, left_out, all_peers=not options.only, write_it=options.write)
    return 0


def _variant(setup: Setup, jobs: Sequence[str], left_out: dict[str, None]) -> Variant:
    """Who can be set up so, for those of its jobs that were asked for."""
    asked = {source: job for source, job in setup.jobs.items() if not jobs or source in jobs}
    return Variant(setup.name, asked, _found(setup.makers, left_out) if asked else (), setup.share)


def _compare(options: argparse.Namespace) -> int:
    """Measure the work tree beside another revision; exit code 1 where it is worse, 2 without such a revision."""
    try:
        other = against.build(options.against)
        plan = QUICK if options.quick else AGAINST
        measured = run(
            (other, PASSENGER), against.variants(other, options.jobs), plan, _progress, against.jobs(options.jobs)
        )
    except (against.NoRevisionError, LeftOutError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except (FailedJobError, NotStartedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("", as_text(against.rows(measured, other)), "", *notes(measured, (other, PASSENGER)), sep="\n")
    for title in (found := against.worse(measured, other)):
        print(f"worse by more than {against.TOLERANCE - 1:.0%}: {title}")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: coarser")
    parser.add_argument("--peers", action="store_true", help="install the peers and measure them, too")
    parser.add_argument("--only", type=_peers, default=(), metavar="PEER,...", help="with --peers: only these")
    parser.add_argument("--against", metavar="REV", help="compare the work tree with another revision, and judge")
    parser.add_argument("--jobs", type=_jobs, default=(), metavar="JOB,...", help="only these jobs")
    parser.add_argument("--write", action="store_true", help=f"put the results into {PAGE.parent.name}/{PAGE.name}")
    options = parser.parse_args()
    if options.write and (options.jobs or options.against):
        parser.error("--write takes a whole run: without --jobs or --against")
    if options.against and (unknown := set(options.jobs) - {*JOBS, *ON_DISK}):
        parser.error(f"--against has no job: {', '.join(sorted(unknown))}; there are {', '.join((*JOBS, *ON_DISK))}")
    return options


def _jobs(text: str) -> tuple[str, ...]:
    """Names of jobs, parted by commas."""
    return _named(text, "job", (*JOBS, *(source for setup in SETUPS for source in setup.jobs)))


def _peers(text: str) -> tuple[str, ...]:
    """Names of peers, parted by commas."""
    return _named(text, "peer", tuple(PEERS))


def _named(text: str, kind: str, known: Sequence[str]) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"no {kind}: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return names


def _plan(options: argparse.Namespace) -> Plan:
    if options.quick:
        return QUICK
    return BESIDE_PEERS if options.peers and not options.only else FULL


def _found(makers: Iterable[Callable[[], Contestant]], left_out: dict[str, None]) -> list[Contestant]:
    """Who can be measured here; why the others cannot is added to what is left out."""
    found = list[Contestant]()
    for make in makers:
        try:
            found.append(make())
        except LeftOutError as error:
            if (said := f"Left out: {error}.") not in left_out:
                left_out[said] = None
                _progress(said)
    return found


def _tell(
    measured: Measured,
    yardsticks: Sequence[Contestant],
    peers: Sequence[Contestant],
    left_out: Iterable[str],
    *,
    all_peers: bool,
    write_it: bool,
) -> None:
    """Print the tables, and put them and the charts where they are read; without some peers, only what is ours."""
    measuring, everybody = (*OURS, *yardsticks), (*OURS, *yardsticks, *peers)
    parts: dict[Part, tuple[list[Row], list[str]]] = {
        "bars": (bar_rows(measured), misses(measured)),
        "results": (rows(measured, measuring), [*notes(measured, measuring), *left_out]),
    }
    if peers:
        parts["peers"] = (peer_rows(measured, everybody), [*notes(measured, everybody), *left_out])
    page = PAGE.read_text()
    for part, (table, texts) in parts.items():
        print("", as_text(table), "", *texts, sep="\n")
        if part == "peers" and not all_peers:
            continue
        page = rewritten(page, "\n\n".join([as_markdown(table), *texts]), part)
    if write_it:
        PAGE.write_text(page)
        write(CHARTS, charts(measured, everybody) if peers and all_peers else {})


def _progress(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
