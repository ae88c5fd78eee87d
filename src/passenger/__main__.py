"""`python -m passenger` is the `passenger` command."""

import os
import sys


def _leave_working_directory() -> None:
    """Import nothing from the working directory, which `-m` has put first where `-P` did not forbid it."""
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib would be looked for there
    except OSError:  # it was deleted
        return
    if not sys.flags.safe_path and sys.path[:1] == [here]:
        del sys.path[0]


_leave_working_directory()

from passenger.cli import main  # noqa: E402 - only now is it ours for certain

sys.exit(main())
