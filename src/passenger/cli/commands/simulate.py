"""The flags and help of `passenger simulate`."""

import click

from passenger.cli.command import LOGGING, LOOPBACK, PLACE, SIMULATE_PORT, command, place, start
from passenger.cli.invocation import Invocation

PLANS = ("free", "individual", "individual_pro", "business", "enterprise")
"""The simulator's plans, repeated here so that help need not import it."""


@command(
    "simulate",
    ("passenger simulate", f"listen at http://{LOOPBACK}:{SIMULATE_PORT}"),
    ("passenger simulate --token-lifetime 60", "see how a client takes a token that expires"),
    meant=(*PLACE, *LOGGING),
    port=SIMULATE_PORT,
)
@click.option("--plan", type=click.Choice(PLANS), help="The plan of the simulated account.")
@click.option(
    "--token-lifetime",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="How long a Copilot token is good for.",
)
@click.option("--no-exchange", is_flag=True, help="Exchange no login: Copilot takes each as it is.")
def simulate(invocation: Invocation, *, plan: str | None, token_lifetime: int | None, no_exchange: bool) -> int:
    """Stand in for GitHub and Copilot, to test against."""
    where = place(invocation, SIMULATE_PORT)
    what = {"plan": plan, "token_lifetime": token_lifetime, "exchange": not no_exchange}
    return start("passenger.cli.simulate:run", invocation, **where, **what)
