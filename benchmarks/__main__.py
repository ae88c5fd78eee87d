"""`python -m benchmarks`: measure Passenger beside a direct call and a bare relay, its peers, or another revision."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import against
from benchmarks.arena import FailedJobError, run
from benchmarks.charts import charts, write
from benchmarks.contestants import OURS, PASSENGER, Contestant, LeftOutError, passenger_pair
from benchmarks.measured import Measured
from benchmarks.peers import PEER_PAIRS, PEERS
from benchmarks.process import NotStartedError
from benchmarks.report import Part, Row, as_markdown, as_text, notes, peer_rows, rewritten, rows
from benchmarks.workloads import AGAINST, BESIDE_PEERS, FULL, JOBS, QUICK, Plan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
CHARTS = PAGE.parent / "charts"


def main() -> int:
    """Run, print, and write the page where that is asked for; exit code 1 where something could not be measured."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, end the children as Ctrl-C does
    if options.against:
        return _compare(options)
    try:
        peers, left_out = _found(PEERS if options.peers else ())
        pairs, without = _found((passenger_pair, *(PEER_PAIRS if options.peers else ())))
        measured = run((*OURS, *peers), pairs, _plan(options), _progress)
    except (FailedJobError, NotStartedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _tell(measured, peers, dict.fromkeys((*left_out, *without)), write_it=options.write)
    return 0


def _compare(options: argparse.Namespace) -> int:
    """Measure the work tree beside another revision; exit code 1 where it is worse, 2 without such a revision."""
    try:
        other = against.build(options.against)
        plan = QUICK if options.quick else AGAINST
        measured = run((other, PASSENGER), (), plan, _progress, against.jobs(options.jobs))
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
    parser.add_argument("--against", metavar="REV", help="compare the work tree with another revision, and judge")
    parser.add_argument("--jobs", type=_jobs, default=(), metavar="JOB,...", help="with --against: only these jobs")
    parser.add_argument("--write", action="store_true", help=f"put the results into {PAGE.parent.name}/{PAGE.name}")
    return parser.parse_args()


def _jobs(text: str) -> tuple[str, ...]:
    """Names of jobs, parted by commas."""
    names = tuple(text.split(","))
    if unknown := set(names) - set(JOBS):
        raise argparse.ArgumentTypeError(f"no job: {', '.join(sorted(unknown))}; there are {', '.join(JOBS)}")
    return names


def _plan(options: argparse.Namespace) -> Plan:
    if options.quick:
        return QUICK
    return BESIDE_PEERS if options.peers else FULL


def _found(makers: Iterable[Callable[[], Contestant]]) -> tuple[list[Contestant], list[str]]:
    """Who can be measured here, and why the others cannot."""
    found, left_out = list[Contestant](), list[str]()
    for make in makers:
        try:
            found.append(make())
        except LeftOutError as error:
            left_out.append(f"Left out: {error}.")
            _progress(left_out[-1])
    return found, left_out


def _tell(measured: Measured, peers: list[Contestant], left_out: Iterable[str], *, write_it: bool) -> None:
    """Print the tables, and put them and the charts where they are read."""
    everybody, ours = (*OURS, *peers), rows(measured, OURS)
    said = [*notes(measured, everybody), *left_out]
    parts: dict[Part, tuple[list[Row], list[str]]] = {"results": (ours, notes(measured, OURS))}
    parts |= {"peers": (peer_rows(measured, everybody), said)} if peers else {}
    page = PAGE.read_text()
    for part, (table, texts) in parts.items():
        print("", as_text(table), "", *texts, sep="\n")
        page = rewritten(page, "\n\n".join([as_markdown(table), *texts]), part)
    if write_it:
        PAGE.write_text(page)
        write(CHARTS, charts(measured, everybody) if peers else {})


def _progress(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
