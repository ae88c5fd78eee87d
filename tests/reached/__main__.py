"""Run `python` with these arguments, and leave behind for `coverage report` what of Passenger was run meanwhile."""

import os
import sys
from pathlib import Path

import passenger
from tests import took
from tests.reached.files import PLACE, begin, install, save

ROOT = Path(__file__).parent.parent.parent


def main(arguments: list[str]) -> int:
    """Measure, and end as Python has ended."""
    place = ROOT / ".cache" / "reached"
    begin(place, Path(passenger.__file__).parent.parent)
    install()
    try:
        os.environ[PLACE] = str(place)
        return took.main(arguments)
    finally:
        save(place, ROOT / ".coverage")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
