"""Run `python` with these arguments, and end with how long it has taken on the clock and of all processors."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping

WITHOUT = "PYTHONDONTWRITEBYTECODE"
"""Where this is set, as in many containers, each process would compile all modules, and each worker all tests."""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What Python is started with, so that what has been compiled is kept."""
    return {name: value for name, value in variables.items() if name != WITHOUT}


def main(arguments: list[str]) -> int:
    """Say it on stdout, and end as Python has ended."""
    began = time.monotonic()
    code = subprocess.call([sys.executable, *arguments], env=environment(os.environ))
    times = os.times()
    took, cpu = time.monotonic() - began, times.children_user + times.children_system
    sys.stdout.write(f"It took {took:.0f} s, and {cpu:.0f} s of CPU with all processes.\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
