"""The machine that a command runs on, as the wiring of clients looks at it."""

import sys
from pathlib import Path

from passenger.cli.invocation import Invocation
from passenger.clients.plan import Machine


def machine_of(invocation: Invocation) -> Machine:
    """Home, environment and working directory of the user."""
    return Machine(Path.home(), invocation.environ, invocation.cwd, sys.platform)
