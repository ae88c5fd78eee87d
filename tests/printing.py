"""What tools print: a reader that has seen enough, as `head` has, is no error."""

import os
import sys
from collections.abc import Iterable


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout, as far as somebody reads them."""
    try:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)  # for the interpreter's last flush, which would complain
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
