"""The flags and help of `passenger serve`."""

from passenger.cli.command import command, start
from passenger.cli.invocation import Invocation


@command("serve", ("passenger serve --port 9000", "listen on port 9000"))
def serve(invocation: Invocation) -> int:
    """Serve your subscription until stopped."""
    return start("passenger.cli.serve:run", invocation)
