"""The `passenger` command. Each part of it is imported when it is known to be wanted."""

import sys

from passenger.server.process.exit_codes import INTERRUPTED


def main() -> int:
    """Run the command line in `sys.argv` and say how it ended, as an exit code."""
    try:
        from passenger.cli.group import run  # noqa: PLC0415 - Ctrl-C during the import of click is a Ctrl-C too

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED
