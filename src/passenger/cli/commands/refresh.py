"""The flags and help of `passenger refresh`."""

from passenger.cli.command import ACCOUNT, command, start
from passenger.cli.invocation import Invocation


@command("refresh", ("passenger refresh", "after your plan has changed, say"), meant=ACCOUNT)
def refresh(invocation: Invocation) -> int:
    """Exchange the GitHub login for a new Copilot token now."""
    return start("passenger.cli.refresh:run", invocation)
