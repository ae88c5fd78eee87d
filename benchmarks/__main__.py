"""`python -m benchmarks`: measure Passenger beside a direct call and a bare relay, and print what each costs."""

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.arena import FailedJobError, run
from benchmarks.contestants import OURS
from benchmarks.process import NotStartedError
from benchmarks.report import as_markdown, as_text, notes, rewritten, rows
from benchmarks.workloads import FULL, QUICK

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> int:
    """Run, print, and write the page where that is asked for; exit code 1 where something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under 30 seconds, and coarser")
    parser.add_argument("--write", action="store_true", help=f"put the results into {PAGE.parent.name}/{PAGE.name}")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, end the children as Ctrl-C does
    try:
        measured = run(OURS, QUICK if options.quick else FULL, _progress)
    except (FailedJobError, NotStartedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    table = rows(measured, OURS)
    print("", as_text(table), "", *notes(measured), sep="\n")
    if options.write:
        results = "\n\n".join([as_markdown(table), *notes(measured)])
        PAGE.write_text(rewritten(PAGE.read_text(), results))
    return 0


def _progress(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
