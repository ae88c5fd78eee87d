"""The clients that can be wired up."""

import re

import pytest

from passenger.clients.plan import Client
from passenger.clients.registry import ALL, CLIENTS


@pytest.mark.parametrize("client", ALL, ids=lambda client: client.name)
def test_each_client_has_a_name_to_type_a_program_and_a_line_that_installs_it(client: Client) -> None:
    assert CLIENTS[client.name] is client
    assert re.fullmatch(r"[a-z][a-z-]*", client.name)
    assert re.fullmatch(r"[a-z]+", client.binaries[0])
    assert " install " in client.install
    assert client.title
    assert client.dialects


def test_no_two_have_the_same_name() -> None:
    assert len(CLIENTS) == len(ALL)
