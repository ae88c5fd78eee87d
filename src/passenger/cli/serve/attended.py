"""A command that ends with the process that started it: then its stdin, an unused pipe, closes.

`python -P -m passenger.cli.serve.attended serve --port 0` is `passenger serve --port 0` so attended.
"""

import os
import signal
import sys
import threading

from passenger.cli import main


def attend(descriptor: int) -> None:
    """Wait for the pipe's other end to be closed, by whatever end of its process, then ask this one to stop."""
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while pipe.read(1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def run() -> int:
    """Run the command, its stdin being empty."""
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=attend, args=(pipe,), daemon=True).start()
    return main()


if __name__ == "__main__":
    sys.exit(run())
