"""The clients that can be wired up."""

import pytest

from passenger.clients.plan import Client
from passenger.clients.registry import ALL, CLIENTS


@pytest.mark.parametrize("client", ALL, ids=lambda client: client.name)
def test_each_client_has_a_name_to_type_a_program_and_a_line_that_installs_it(client: Client) -> None:
    assert CLIENTS[client.name] is client
    assert client.name.islower() and client.name.isascii()
    assert " " not in client.name
    assert client.title and client.install and client.binaries
    assert client.dialects
    assert "/" not in client.binaries[0]


def test_no_two_have_the_same_name() -> None:
    assert len(CLIENTS) == len(ALL)
