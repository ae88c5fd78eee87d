"""Each command's flags and help; what a command does is imported only when it is run."""

from collections.abc import Sequence

import click

from passenger.cli.commands.ask import ask
from passenger.cli.commands.completion import completion
from passenger.cli.commands.config import config
from passenger.cli.commands.demo import demo
from passenger.cli.commands.doctor import doctor
from passenger.cli.commands.explain import explain
from passenger.cli.commands.launch import launch
from passenger.cli.commands.login import login
from passenger.cli.commands.logout import logout
from passenger.cli.commands.models import models
from passenger.cli.commands.refresh import refresh
from passenger.cli.commands.serve import serve
from passenger.cli.commands.service import service
from passenger.cli.commands.setup import setup
from passenger.cli.commands.simulate import simulate
from passenger.cli.commands.status import status

COMMANDS: Sequence[click.Command] = (
    serve,
    login,
    logout,
    launch,
    refresh,
    ask,
    setup,
    models,
    status,
    explain,
    demo,
    simulate,
    config,
    service,
    completion,
    doctor,
)
"""All commands, in the order in which a new user meets them."""
