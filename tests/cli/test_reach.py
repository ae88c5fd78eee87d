"""How a command finds the user's own server; nobody else is given a key."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.cli.reach import ask, key_of, look, secret_of, stranger
from passenger.config.invocation import Invocation
from passenger.config.loading import load
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.server.control.client import Found, RunningServer, ServerError
from passenger.simulator import Simulator
from tests.cli.conftest import Command, port_of
from tests.proxy import running

KEY = "a-key-of-the-users-own"


@contextlib.contextmanager
def other_program() -> Iterator[tuple[str, list[bytes]]]:
    """A program that answers everything with a page: its port, and what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        got: list[bytes] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        got.append(connection.recv(65536))
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield str(listening.getsockname()[1]), got
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.proves("promise 2", "N2")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["models"], 4), (["models", "--json"], 4), (["ask", "Hello"], 4), (["status"], 1), (["explain"], 1)],
)
def test_another_program_on_the_port_is_named_and_given_nothing(
    command: Command, arguments: list[str], code: int
) -> None:
    with other_program() as (port, got):
        ended = command(*arguments, "--port", port, env={"PASSENGER_KEY": KEY})
    assert ended.code == code
    assert "another program (python" in ended.err
    assert f"listens at http://127.0.0.1:{port}; it was given nothing" in ended.err
    assert KEY.encode() not in b"".join(got)
    assert all(request.startswith(b"GET /v1/passenger/hello?nonce=") for request in got)


@pytest.mark.proves("promise 2", "N2")
@pytest.mark.parametrize(
    ("arguments", "code"), [(["models"], 4), (["ask", "Hello"], 4), (["status"], 1), (["explain", "96bb"], 1)]
)
async def test_another_users_passenger_is_named_and_given_nothing(
    command: Command, tmp_path: Path, arguments: list[str], code: int
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    async with Simulator() as simulator, running(simulator, theirs) as proxy:
        env = {"PASSENGER_KEY": KEY}
        ended = await asyncio.to_thread(command, *arguments, "--port", port_of(proxy), env=env)
        assert simulator.seen("/models") == []
    assert ended.code == code
    assert "a Passenger that is not yours" in ended.err


def test_the_key_is_the_variables_else_the_first_of_the_settings(tmp_path: Path) -> None:
    environ = {"PASSENGER_API_KEYS": "first-key-of-many,second-key-of-many"}
    loaded = load(flags={}, config_path=None, environ=environ, cwd=tmp_path, user_dir=tmp_path)
    assert loaded.warnings == ()
    assert key_of(loaded, {}) == Secret("first-key-of-many")
    assert key_of(loaded, {"PASSENGER_KEY": KEY}) == Secret(KEY)
    bare = load(flags={}, config_path=None, environ={"PASSENGER_KEY": KEY}, cwd=tmp_path, user_dir=tmp_path)
    assert bare.warnings == ()
    assert key_of(bare, {}) is None


def test_a_server_on_any_free_port_is_not_looked_for(tmp_path: Path) -> None:
    invocation = Invocation(port=0, environ={"HOME": str(tmp_path)})
    assert look(invocation, invocation.load()).state == "nothing"


def test_nobody_is_no_stranger() -> None:
    assert stranger(Found("nothing", RunningServer("127.0.0.1", 1))) is None
    assert stranger(Found("ours", RunningServer("127.0.0.1", 1))) is None


@pytest.mark.parametrize(
    ("status", "code", "kind", "names_the_key"),
    [
        (401, "invalid_api_key", Kind.UPSTREAM, True),
        (401, "login_needed", Kind.LOGIN, False),
        (503, "login_required", Kind.LOGIN, False),
        (500, None, Kind.UPSTREAM, False),
        (None, None, Kind.UPSTREAM, False),
    ],
)
def test_a_refused_key_and_a_missing_login_are_told_apart(
    status: int | None, code: str | None, kind: Kind, *, names_the_key: bool
) -> None:
    def refuse() -> None:
        raise ServerError("it answered", status, code)

    with pytest.raises(Failure, match="it answered") as caught:
        ask(refuse)
    assert caught.value.kind is kind
    assert ("PASSENGER_KEY" in str(caught.value)) is names_the_key


def test_a_state_directory_that_cannot_be_had_means_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert secret_of(Invocation()) is None


@pytest.mark.parametrize("key", ["k\u00e9y-of-mine", "key of\nmine", "key\u96ea"])
def test_a_key_that_no_request_can_carry_is_refused_and_not_shown(command: Command, key: str) -> None:
    ended = command("status", "--port", "1", env={"PASSENGER_KEY": key})
    assert ended.code == 2
    assert "PASSENGER_KEY: must be a key" in ended.err
    assert "of" not in ended.err
    assert "Traceback" not in ended.err
