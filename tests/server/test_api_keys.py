"""Who is asked for a key, where it may be shown, and that a server which others can reach has one."""

import asyncio
import hashlib
import json
import random
import socket
import string
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from passenger.server.process.listen import listen
from passenger.simulator import Simulator
from tests.proxy import running, spawn
from tests.server.bench import CHAT, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-this-test-1234567890"
OTHER = "another-key-of-this-test-12345"
IN_FILE = "a-key-that-is-in-a-file-4567890"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    directory = tmp_path_factory.mktemp("locked")
    keys = directory / "keys"
    keys.write_text(f"# ours\n\n{IN_FILE}\n")
    keys.chmod(0o600)
    config = f'[server]\napi_key_file = "{keys}"\n'
    env = {"PASSENGER_API_KEYS": f"{KEY}, {OTHER}"}
    async with bench(directory, "-vv", config=config, env=env, primed=False) as one:
        yield one
        assert not [line for line in one.proxy.lines for key in (KEY, OTHER, IN_FILE) if key in line]


PLACES = [
    ({"Authorization": f"Bearer {KEY}"}, ""),
    ({"Authorization": f"bearer {OTHER}"}, ""),
    ({"x-api-key": IN_FILE}, ""),
    ({"x-goog-api-key": KEY}, ""),
    ({}, f"?key={KEY}"),
    ({}, f"?alt=sse&key={KEY}"),
    ({"Authorization": "Bearer something-else", "x-api-key": KEY}, ""),
]


@pytest.mark.proves("promise 3")
@pytest.mark.parametrize(("headers", "query"), PLACES)
async def test_a_key_may_be_shown_wherever_clients_show_theirs(
    locked: Bench, headers: dict[str, str], query: str
) -> None:
    answer = await locked.send("POST", CHAT + query, json=asking(), headers=headers)
    assert answer.status == 200
    assert not [value for request in locked.sim.requests for _, value in request.headers if KEY in value]


WRONG = [
    ({}, ""),
    ({"Authorization": KEY}, ""),
    ({"Authorization": f"Basic {KEY}"}, ""),
    ({"Authorization": f"Bearer {KEY}x"}, ""),
    ({"Authorization": f"Bearer {KEY[:-1]}"}, ""),
    ({"Authorization": f"Bearer {KEY.upper()}"}, ""),
    ({"Authorization": f"Bearer {KEY},{KEY}"}, ""),
    ({"x-api-key": ""}, ""),
    ({"x_api_key": KEY}, ""),
    ({"X-Forwarded-Api-Key": KEY}, ""),
    ({"User-Agent": "kube-probe/1.0"}, ""),
    ({"X-Original-URL": "/health"}, ""),
    ({}, "?KEY=x"),
    ({}, f"?api_key={KEY}"),
    ({}, "?key="),
]


@pytest.mark.proves("promise 3")
@pytest.mark.parametrize(("headers", "query"), WRONG)
async def test_without_one_of_ours_it_is_a_401_that_says_where_to_put_it(
    locked: Bench, headers: dict[str, str], query: str
) -> None:
    locked.forget()
    for method, path in (("POST", CHAT), ("GET", "/v1/models"), ("GET", "/nowhere"), ("POST", "/api/chat")):
        answer = await locked.send(method, path + query, json=asking(), headers=headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-should-retry"] == "false"
        assert b"api_keys" in answer.body
    assert locked.sim.requests == []


QUERIES = {
    "very many fields": b"a=b&" * 2000 + b"key=%b",
    "very many keys": b"key=x&" * 1000 + b"key=%b",
    "nothing but separators": b"&" * 4000 + b"key=%b",
    "escapes that are no text": b"%%ff=%%fe&key=%%ff&key=%b",
    "letters beyond ASCII": b"key=%%C3%%A9&key=%b",
    "half an escape": b"key=%%&key=%%4&key=%b",
    "no value": b"key&key=%b&key",
    "a name that is escaped": b"%%6bey=%b",
    "semicolons": b"a=b;c=d&key=%b",
}


@pytest.mark.proves("promise 3", "T6")
@pytest.mark.parametrize("query", QUERIES)
async def test_a_key_is_found_in_any_query_and_none_is_an_error(locked: Bench, query: str) -> None:
    for key, status in ((KEY, b" 200 "), ("x", b" 401 ")):
        target = b"/v1/models?" + QUERIES[query] % key.encode()
        wire = await locked.dial(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status in await wire.until(b"\r\n")


@pytest.mark.proves("T6")
@pytest.mark.parametrize("query", [b"key=\xff\xfe", b"\xc3\xa9=x&key=y", b"key=\x80" * 500])
async def test_bytes_that_no_query_has_are_a_refusal(locked: Bench, query: bytes) -> None:
    wire = await locked.dial(b"GET /v1/models?" + query + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await wire.until(b"\r\n")).split()[1] in (b"400", b"401")


@pytest.mark.proves("T6")
@pytest.mark.parametrize("query", QUERIES)
async def test_a_chat_route_reads_any_query(locked: Bench, query: str) -> None:
    body = json.dumps(asking()).encode()
    head = f"HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    target = CHAT.encode() + b"?" + QUERIES[query] % KEY.encode()
    wire = await locked.dial(b"POST " + target + b" " + head.encode() + body)
    assert b" 200 " in await wire.until(b"\r\n")


@pytest.mark.proves("promise 3")
async def test_a_path_that_only_looks_open_is_not(locked: Bench) -> None:
    for path in ("/health/../v1/models", "/%2e%2e/v1/models", "/health?/v1/models", "/v1/models?x=/health", "//health"):
        wire = await locked.dial(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        line = await wire.until(b"\r\n")
        assert b" 401 " in line or path == "/health?/v1/models"


@pytest.mark.parametrize(("path", "word"), [("/", b"Ollama is running"), ("/health", b"OK"), ("/livez", b"OK")])
async def test_health_needs_no_key_and_says_its_word(locked: Bench, path: str, word: bytes) -> None:
    assert (await locked.get(path)).body == word


async def test_details_of_health_need_a_key(locked: Bench) -> None:
    assert (await locked.get("/readyz")).json() == {"status": "ok"}
    assert (await locked.get("/readyz", {"x-api-key": KEY})).json() == {"status": "ok", "degraded": {}}


def hostile(count: int) -> list[bytes]:
    """Values that a key's check may choke on, the same ones each time."""
    chance = random.Random(7)
    known = [
        b"'",
        b'"',
        b"' OR 1=1 --",
        b"%00",
        b"\\",
        b"${jndi:ldap://x}",
        b"../../etc/passwd",
        b"\xff\xfe",
        b"{}",
        b"a" * 60_000,
    ]
    made = [
        "".join(chance.choices(string.punctuation + string.ascii_letters, k=chance.randint(1, 80)))
        for _ in range(count)
    ]
    return [
        *known,
        *(text.encode() for text in made),
        *(bytes(chance.choices(range(128, 256), k=20)) for _ in range(40)),
    ]


@pytest.mark.proves("T6")
async def test_five_hundred_hostile_keys_are_each_refused_and_in_no_log(locked: Bench) -> None:
    values, told = hostile(450), list[bytes]()
    for number, value in enumerate(values):
        name = (b"Authorization: Bearer ", b"x-api-key: ", b"x-goog-api-key: ")[number % 3]
        wire = await locked.dial(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n" + name + value + b"\r\n\r\n")
        told.append((await wire.until(b"\r\n")).split(b" ")[1])
        wire.abort()
    assert len(values) >= 500
    assert set(told) <= {b"401", b"400", b"429"}
    assert b"429" in told
    logged = "\n".join(locked.proxy.lines)
    assert not [value for value in values if len(value) > 8 and value.decode("latin-1") in logged]


@pytest.mark.proves("N16")
async def test_nobody_is_believed_who_he_says_he_is(locked: Bench) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert (await locked.get("/v1/models", headers)).status == 401
    assert (await locked.get("/v1/models", {**headers, "x-api-key": KEY})).status == 200
    assert not locked.proxy.logged("203.0.113.9")


async def test_without_keys_whatever_a_client_sends_is_ignored_and_stays_here(shared: Bench) -> None:
    answer = await shared.send("POST", f"{CHAT}?key={KEY}", json=asking(), headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status == 200
    (request,) = shared.chats()
    assert KEY not in str(request.headers) + request.path
    assert not shared.proxy.logged(KEY)


# --- the network -------------------------------------------------------------------------------------------------


@pytest.mark.proves("N1", "promise 3")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
async def test_beyond_this_machine_it_does_not_start_without_a_key(tmp_path: Path, host: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"COPILOT_GITHUB_TOKEN": Simulator().login_token, "PASSENGER_SERVER_HOST": host}
    proxy = await spawn(tmp_path, ["--port", str(port)], env)
    assert await proxy.ended() == 2
    (line,) = proxy.lines
    for word in (host, "PASSENGER_SERVER_HOST", "[server] api_keys", "PASSENGER_API_KEYS", "[server] api_key_file"):
        assert word in line
    listen("127.0.0.1", port)[0].close()  # nobody else is there


@pytest.mark.proves("N1", "N2")
async def test_beyond_this_machine_it_serves_with_a_key_under_any_address(tmp_path: Path) -> None:
    async with Simulator() as sim:
        env = {"PASSENGER_API_KEYS": KEY}
        async with running(sim, tmp_path, "--host", "0.0.0.0", env=env) as proxy:
            port = int(proxy.url.rpartition(":")[2])
            for host, key, expected in (
                ("192.168.7.7", KEY, b"200"),
                ("127.0.0.1", KEY, b"200"),
                ("192.168.7.7", "wrong", b"401"),
                ("evil.example", KEY, b"421"),
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nx-api-key: {key}\r\n\r\n".encode())
                assert (await reader.readline()).split(b" ")[1] == expected
                writer.close()


@pytest.mark.proves("N1")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("", "holds no key"),
        ("# only words\n", "holds no key"),
        ("two words\n", "array of keys"),
    ],
)
async def test_a_file_without_keys_is_an_error_and_not_an_open_door(
    tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "keys").write_text(content)
    proxy = await spawn(tmp_path, [], {"PASSENGER_SERVER_API_KEY_FILE": "keys"})
    assert await proxy.ended() == 2
    assert said in proxy.lines[0]
    assert "PASSENGER_SERVER_API_KEY_FILE" in proxy.lines[0]


async def test_a_file_that_others_can_read_and_a_short_key_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("short\n")
    (tmp_path / "keys").chmod(0o644)
    proxy = await spawn(tmp_path, [], {"PASSENGER_SERVER_API_KEY_FILE": str(tmp_path / "keys")})
    assert await proxy.ended() == 4
    assert proxy.logged("can be read by others")
    assert proxy.logged("shorter than 16")
    assert not [line for line in proxy.lines if "short\n" in line]


# --- a file that changes -----------------------------------------------------------------------------------------


def put_keys(path: Path, *keys: str) -> None:
    new = path.with_suffix(".new")
    new.write_text("".join(f"{key}\n" for key in keys))
    new.chmod(0o600)
    new.replace(path)


REFUSED = {401, 429}
"""A wrong key, and one that is shown again and again."""


async def until_each_says(own: Bench, key: str, statuses: set[int]) -> None:
    """Ask on connections of their own, which several workers share, until all of them say so."""
    async with asyncio.timeout(20):
        while True:
            headers = {"x-api-key": key, "connection": "close"}
            found = {(await own.get("/v1", headers)).status for _ in range(12)}
            if found <= statuses:
                return


@pytest.mark.proves("promise 3")
@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_a_key_is_added_and_revoked_without_a_restart(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    keys = tmp_path / "keys"
    put_keys(keys, KEY)
    async with bench(tmp_path, *arguments, config=f'[server]\napi_key_file = "{keys}"\n', primed=False) as own:
        await until_each_says(own, KEY, {200})
        put_keys(keys, OTHER)
        await until_each_says(own, OTHER, {200})
        await until_each_says(own, KEY, REFUSED)
        keys.write_text("")
        await until_each_says(own, OTHER, REFUSED)
        report = (await own.get("/readyz")).json()
        assert report == {"status": "degraded"}
        put_keys(keys, KEY)
        await until_each_says(own, KEY, {200})
        assert (await own.get("/v1", {"x-api-key": OTHER})).status in REFUSED
        assert (await own.get("/readyz", {"x-api-key": KEY})).json()["status"] == "ok"
        assert not [line for line in own.proxy.lines for key in (KEY, OTHER) if key in line]


async def test_who_was_not_let_in_is_logged_by_address_and_by_a_hint_of_the_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    put_keys(keys, KEY)
    async with bench(tmp_path, config=f'[server]\napi_key_file = "{keys}"\n', primed=False) as own:
        answer = await own.get("/v1/models?key=not-for-the-log", {"x-api-key": OTHER, "user-agent": "curl/8.5"})
        assert "([server] api_key_file)" in answer.json()["error"]["message"]
        line = await own.proxy.said("not let in: GET /v1/models by curl from 127.0.0.1 with ")
        assert f"a key of {len(OTHER)} bytes, sha256 {hashlib.sha256(OTHER.encode()).hexdigest()[:8]}, " in line
        assert " WARNING " in line
        assert OTHER not in line
        assert "not-for-the-log" not in line


async def test_the_start_says_which_address_and_key_each_client_needs(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    put_keys(keys, KEY)
    async with bench(tmp_path, primed=False) as own:
        line = await own.proxy.said("Anthropic, Gemini, Ollama: ")
        assert line.endswith(f" {own.proxy.url}  (API key: anything)")
        assert len(line) <= 100
    (tmp_path / "other").mkdir()
    async with bench(tmp_path / "other", config=f'[server]\napi_key_file = "{keys}"\n', primed=False) as own:
        line = await own.proxy.said("Anthropic, Gemini, Ollama: ")
        assert line.endswith("(API key: one of api_key_file)")
        assert len(line) <= 100
