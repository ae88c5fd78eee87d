"""The last resort of a stop: ends the process though something blocks its event loop.

Hides faulthandler, whose thread needs no interpreter lock, so that C code which keeps the lock does not keep us either.
"""

import faulthandler
import os


def end_within(seconds: float) -> None:
    """End the process with exit code 1, unless it has ended by then; the last word counts.

    Its traceback goes nowhere: to write it to a log that nobody reads would last for ever, too.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=os.open(os.devnull, os.O_WRONLY))
