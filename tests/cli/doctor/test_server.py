"""Who answers where clients look: a server of the user's own, or somebody else."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec
import pytest

from passenger import __version__
from passenger.cli.doctor.server import check_ollama
from passenger.server.control.client import Found, RunningServer, ServerState
from passenger.server.control.handshake import Hello, read_or_make_secret, sign
from passenger.server.control.status import ServerStatus
from tests.cli.doctor.bench import Ward, check_typeable
from tests.proxy import running


def on(ward: Ward, port: int | str) -> None:
    ward.config = f"[server]\nport = {port}\n"


async def test_a_port_at_which_nobody_answers_is_free_and_a_server_can_be_started(ward: Ward) -> None:
    chart = await ward.look("server")
    assert (chart["server"].state, chart["server"].fix) == ("warn", "passenger")
    assert (chart["port"].state, chart["port"].fix) == ("ok", None)


async def test_a_port_that_is_any_port_can_not_be_looked_at(ward: Ward) -> None:
    on(ward, 0)
    assert (await ward.look("server"))["server"].state == "skip"


async def test_the_user_s_own_server_proves_itself(ward: Ward) -> None:
    async with running(ward.simulator, ward.home) as proxy:
        on(ward, proxy.url.rpartition(":")[2])
        chart = await ward.look("server")
    assert chart["server"].state == chart["port"].state == "ok"
    assert f"process {proxy.pid}, version {__version__}" in chart["server"].text


@pytest.mark.proves("N2", "promise 2")
async def test_another_user_s_server_is_named_and_given_nothing(
    ward: Ward, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with running(ward.simulator, tmp_path_factory.mktemp("other")) as proxy:
        on(ward, proxy.url.rpartition(":")[2])
        ward.environ["PASSENGER_API_KEYS"] = "a-key-that-is-for-nobody-else"
        chart = await ward.look("server")
    assert (chart["server"].state, chart["port"].state) == ("skip", "fail")
    assert "a Passenger that is not yours or serves another profile" in chart["port"].text
    assert chart["port"].fix == "passenger --port 0"


@dataclass
class Elder:
    """A server that has the user's secret, of any version and in any state; `keys` are those it was shown."""

    secret: bytes
    version: str = __version__
    status: tuple[int, bytes] = (404, b"")
    keys: list[str | None] = field(default_factory=list)
    port: int = 0

    def answer(self, path: str) -> tuple[int, bytes]:
        if path.startswith("/v1/passenger/hello"):
            plain = Hello(self.version, 4711, 1.5)
            signed = sign(self.secret, path.partition("nonce=")[2], ("127.0.0.1", self.port), plain)
            return 200, msgspec.json.encode(Hello(self.version, 4711, 1.5, signed))
        return self.status


@contextlib.contextmanager
def serving(elder: Elder) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            elder.keys.append(self.headers["authorization"])
            status, body = elder.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        elder.port = server.server_address[1]
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield elder.port
        finally:
            server.shutdown()


def status_of(**facts: object) -> tuple[int, bytes]:
    return 200, msgspec.json.encode(ServerStatus(__version__, 4711, 1.5, [], **facts))  # type: ignore[arg-type]  # its own fields


SICK = status_of(status="degraded", degraded={"token": "GitHub is down"})
DEAD = status_of(ready=False, status="login_required", logged_in=False)


@pytest.mark.parametrize(
    ("version", "status", "told", "fix"),
    [
        ("0.0.9", (404, b""), ("warn", "before the update"), "kill 4711 && passenger"),
        (__version__, (401, b'{"error": {"message": "which key?"}}'), ("warn", "which key?"), "passenger config show"),
        (__version__, (200, b"{}"), ("warn", "another version"), "kill 4711 && passenger"),
        (__version__, SICK, ("warn", "token: GitHub is down"), "curl -s http://127.0.0.1:{port}/readyz"),
        (__version__, DEAD, ("fail", "login_required"), "passenger login"),
        (__version__, status_of(), ("ok", "process 4711"), None),
    ],
    ids=["old", "key", "odd", "degraded", "not logged in", "well"],
)
async def test_a_server_of_ours_is_told_as_it_is(
    ward: Ward, version: str, status: tuple[int, bytes], told: tuple[str, str], fix: str | None
) -> None:
    async with ward.facts():
        elder = Elder(read_or_make_secret(ward.home / ".local" / "state" / "passenger"), version, status)
    ward.environ["PASSENGER_API_KEYS"] = "a-key-of-sixteen-letters"
    with serving(elder) as port:
        on(ward, port)
        found = (await ward.look("server"))["server"]
    state, words = told
    assert (found.state, found.fix) == (state, fix.format(port=port) if fix else None)
    assert words in found.text


@pytest.mark.proves("N2", "promise 2")
async def test_a_program_that_is_no_passenger_is_named_and_shown_no_key(ward: Ward) -> None:
    ward.environ["PASSENGER_API_KEYS"] = "a-key-of-sixteen-letters"
    elder = Elder(b"another secret")
    elder.answer = lambda path: (200, b"Ollama is running")  # type: ignore[method-assign]
    with serving(elder) as port:
        on(ward, port)
        chart = await ward.look("server")
    assert (chart["port"].state, chart["port"].fix) == ("fail", "passenger --port 0")
    assert "no Passenger" in chart["port"].text
    assert set(elder.keys) == {None}


@pytest.mark.parametrize(
    ("state", "holder", "told", "words"),
    [
        ("nothing", None, "skip", "is free"),
        ("ours", None, "ok", "is your server's"),
        (
            "other_program",
            "ollama (process 9)",
            "skip",
            "held by ollama (process 9), another program, such as Ollama itself",
        ),
        (
            "other_passenger",
            "passenger (process 9)",
            "skip",
            "held by passenger (process 9), a Passenger that is not yours or serves another profile",
        ),
    ],
)
async def test_who_holds_it_is_told(ward: Ward, state: ServerState, holder: str | None, told: str, words: str) -> None:
    async def listener(port: int) -> Found:
        return Found(state, RunningServer("127.0.0.1", port), None, holder)

    async with ward.facts() as facts:
        (found,) = await check_ollama(replace(facts, listener=listener))
    assert found.state == told
    assert words in found.text


@pytest.mark.parametrize(
    ("state", "told", "fix"),
    [
        ("nothing", "warn", "passenger"),
        ("ours", "ok", None),
        ("other_program", "fail", "passenger --ollama-port 11501"),
    ],
)
async def test_a_port_that_is_set_should_be_ours(ward: Ward, state: ServerState, told: str, fix: str | None) -> None:
    ward.config += "ollama_port = 11500\n"

    async def listener(port: int) -> Found:
        assert port == 11500
        return Found(state, RunningServer("127.0.0.1", port))

    async with ward.facts() as facts:
        (found,) = await check_ollama(replace(facts, listener=listener))
    assert (found.state, found.fix) == (told, fix)
    check_typeable(found)
