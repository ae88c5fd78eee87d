"""`passenger keys`."""

import json

import pytest

from passenger.team.key_format import is_well_formed
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _alice(command: Command) -> None:
    assert command("users", "add", "alice", "--github", "alice-gh").code == 0


def test_a_key_is_printed_once_and_alone_on_stdout(command: Command) -> None:
    ended = command("keys", "create", "alice", "--name", "laptop", "--model", "gpt-*", "--expires", "30d")
    secret = ended.out.strip()
    assert is_well_formed(secret.encode())
    assert "only time" in ended.err
    shown = command("keys", "show", "laptop")
    assert "gpt-*" in shown.out
    assert f"{secret[:9]}…{secret[-4:]}" in shown.out
    assert secret not in shown.out + command("keys", "list").out + command("keys", "list", "--json").out
    made = json.loads(command("keys", "create", "alice", "--admin", "--json").out)
    assert made["secret"].startswith("psga_")
    assert made["key"]["kind"] == "admin"


def test_a_key_is_rotated_limited_and_revoked(command: Command) -> None:
    first = command("keys", "create", "alice", "--name", "laptop").out.strip()
    second = command("keys", "rotate", "laptop", "--grace", "24h").out.strip()
    assert is_well_formed(second.encode())
    assert second != first
    limited = command("keys", "limit", "laptop", "--rpm", "5")
    assert "requests per minute  5" in limited.out
    assert "5" in command("keys", "show", "laptop").out
    ended = command("keys", "revoke", "laptop", "--now")
    assert (ended.code, "its running answers end, too" in ended.out) == (0, True)
    assert command("keys", "rotate", "laptop").code == 1
    assert len(command("keys", "list").out.splitlines()) == 1
    assert "revoked" in command("keys", "list", "--all", "--user", "alice").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "bob"),
        ("create", "alice", "--dialect", "smalltalk"),
        ("create", "alice", "--for", "everything"),
        ("create", "alice", "--from", "nowhere"),
        ("create", "alice", "--expires", "soon"),
        ("create", "alice", "--expires", "2020-01-01"),
        ("rotate", "none"),
        ("revoke", "none"),
        ("show", "none"),
        ("limit", "none", "--rpm", "1"),
        ("list", "--user", "bob"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(command: Command, arguments: tuple[str, ...]) -> None:
    ended = command("keys", *arguments)
    assert ended.code in {1, 2}
    assert ended.err
    assert "Traceback" not in ended.err
