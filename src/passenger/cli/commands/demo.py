"""The flags and help of `passenger demo`."""

from passenger.cli.command import DEMO_PORT, LOGGING, PLACE, command, place, start
from passenger.cli.invocation import Invocation


@command("demo", ("passenger demo --port 9000", "listen on port 9000"), meant=(*PLACE, *LOGGING))
def demo(invocation: Invocation) -> int:
    """Serve a simulated Copilot: no account, no network, nothing kept."""
    return start("passenger.cli.demo:run", invocation, **place(invocation, DEMO_PORT))
