"""The clients that settings can name."""

from passenger.clients.registry import CLIENTS as LAUNCHED
from passenger.clients.setups.registry import SETUPS
from passenger.config.clients import CLIENTS


def test_they_are_all_that_can_be_launched_or_set_up() -> None:
    assert {*LAUNCHED, *SETUPS} == CLIENTS
