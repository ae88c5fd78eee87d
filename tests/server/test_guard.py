"""What no web page can do: reach us by another name, read us, or make a browser ask in its user's stead."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.server.bench import CHAT, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps(asking()).encode()


def raw(*lines: str | bytes, method: str = "POST", target: str = CHAT, body: bytes = BODY, json: bool = True) -> bytes:
    """A request whose headers are exactly these, but for those of its body."""
    own = [b"Content-Type: application/json"] if json else []
    head = [f"{method} {target} HTTP/1.1".encode(), *own, b"Content-Length: %d" % len(body), b"Connection: close"]
    extra = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return b"\r\n".join([*head, *extra, b"", b""]) + body


async def answered(one: Bench, request: bytes) -> tuple[int, bytes]:
    """The status of a request's answer, and all of the answer."""
    wire = await one.dial(request)
    answer = await wire.rest()
    return int(answer.split(b" ", 2)[1]), answer


# --- Host --------------------------------------------------------------------------------------------------------

OURS = [
    "localhost",
    "LOCALHOST",
    "LocalHost:8081",
    "localhost:1",
    "localhost:",
    "my.app.localhost",
    "127.0.0.1",
    "127.0.0.1:8081",
    "127.0.0.1:65535",
    "127.8.8.8",
    "[::1]",
    "[::1]:8081",
    "[0:0::1]",
]
NOT_OURS = [
    "evil.example",
    "evil.example:8081",
    "127.0.0.1.nip.io",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost.localdomain",
    "mylocalhost",
    "x-localhost",
    "local",
    "printer.local",
    "host.docker.internal",
    "passenger",
    "passenger.internal",
    "evil@127.0.0.1",
    "127.0.0.1@evil.example",
    "localhost,evil.example",
    "localhost evil.example",
    "127.0.0.1/..",
    "127.0.0.1/",
    "127.0.0.1%00",
    "127.0.0.1%2e",
    "127.0.0.1\\",
    "127.0.0.1#x",
    "127.0.0.1?x",
    "[::1%25lo]",
    "[::1%lo]",
    "[::1",
    "::1",
    "[::ffff:192.168.0.1]",
    "[fe80::1]",
    "[::]",
    "0.0.0.0",
    "0",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "localhost.",
    ".localhost",
    "192.168.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "1.1.1.1",
    "localhost:99999",
    "localhost:-1",
    "localhost:80:80",
    "localhost:http",
    "",
    "*",
    "null",
    "a" * 300,
    "löcalhost",
]


@pytest.mark.proves("B1", "promise 1")
@pytest.mark.parametrize("host", OURS)
async def test_this_machines_own_names_are_ours_on_whatever_port(shared: Bench, host: str) -> None:
    status, _ = await answered(shared, raw(f"Host: {host}"))
    assert status == 200


@pytest.mark.proves("B1", "promise 1")
@pytest.mark.parametrize("host", NOT_OURS)
async def test_any_other_name_is_a_421_that_reaches_nobody(shared: Bench, host: str) -> None:
    status, answer = await answered(shared, raw(f"Host: {host}"))
    assert status == 421
    assert b"allowed_hosts" in answer
    assert shared.sim.requests == []


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mybox", "mybox"),
        ("MyBox.corp:8081", "mybox.corp"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("[2001:db8::1]:1", "[2001:db8::1]"),
    ],
)
async def test_a_name_that_is_not_allowed_is_told_what_to_set_and_that_helps(
    shared: Bench, tmp_path: Path, host: str, name: str
) -> None:
    _, answer = await answered(shared, raw(f"Host: {host}"))
    advice = f"PASSENGER_SERVER_ALLOWED_HOSTS={name}"
    assert f"Host '{name}' is not allowed. Add it: {advice} (or [server] allowed_hosts).".encode() in answer
    variable, _, value = advice.partition("=")
    async with bench(tmp_path, env={variable: value}) as own:
        assert (await answered(own, raw(f"Host: {host}")))[0] == 200


@pytest.mark.proves("B1", "N7")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], 400),
        (["Host: localhost", "Host: localhost"], 400),
        (["Host: localhost", "Host: evil.example"], 400),
        (["Host: evil.example", "Host: localhost"], 400),
        (["Host: localhost", "Authorization: Bearer a", "Authorization: Bearer b"], 400),
        (["Host: localhost", "X-Forwarded-Host: evil.example"], 200),
        (["Host: localhost", "Accept: a", "Accept: b"], 200),
    ],
)
async def test_a_missing_or_doubled_host_is_a_400(shared: Bench, lines: list[str], expected: int) -> None:
    status, _ = await answered(shared, raw(*lines))
    assert status == expected
    assert (shared.sim.requests == []) == (expected != 200)


@pytest.mark.proves("B1")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"http://localhost{CHAT}", 200),
        (f"http://127.0.0.1:1{CHAT}", 200),
        (f"http://evil.example{CHAT}", 421),
        (f"http://localhost@evil.example{CHAT}", 421),
        (f"//evil.example{CHAT}", 404),
    ],
)
async def test_a_target_that_names_a_host_is_looked_at_too(shared: Bench, target: str, expected: int) -> None:
    status, _ = await answered(shared, raw("Host: localhost", target=target))
    assert status == expected
    assert (shared.sim.requests == []) == (expected != 200)


@pytest.mark.proves("B1")
async def test_the_body_of_a_request_that_is_not_let_in_is_not_waited_for(shared: Bench) -> None:
    wire = await shared.dial(b"POST /v1/messages HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000000\r\n\r\n")
    assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 421 ")
    assert b'"type":"error"' in await wire.until(b"}}")  # as Anthropic's clients read it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    config = (
        '[server]\nallowed_hosts = ["Box.Example"]\nallowed_origins = ["https://chat.example", "app://obsidian.md"]\n'
    )
    async with bench(tmp_path_factory.mktemp("listed"), config=config) as one:
        yield one


@pytest.mark.proves("B1")
@pytest.mark.parametrize(
    ("host", "expected"), [("box.example:9", 200), ("BOX.example", 200), ("x.box.example", 421), ("10.0.0.1", 421)]
)
async def test_a_name_that_was_allowed_is_ours(listed: Bench, host: str, expected: int) -> None:
    assert (await answered(listed, raw(f"Host: {host}")))[0] == expected


# --- Origin ------------------------------------------------------------------------------------------------------

EVIL = [
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "http://127.0.0.1:9999",
    "http://localhost",
    "x",
]
ROUTES = [
    ("GET", "/v1/models"),
    ("POST", CHAT),
    ("OPTIONS", CHAT),
    ("GET", "/nowhere"),
    ("GET", "/"),
    ("GET", "/readyz"),
]


@pytest.mark.proves("B2", "B5", "promise 1")
@pytest.mark.parametrize("origin", EVIL)
async def test_a_page_of_another_origin_gets_a_403_and_may_read_nothing(shared: Bench, origin: str) -> None:
    for method, path in ROUTES:
        headers = {
            "Origin": origin,
            "Content-Type": "application/json",
            "Access-Control-Request-Private-Network": "true",
        }
        answer = await shared.send(method, path, data=BODY if method == "POST" else None, headers=headers)
        assert answer.status == 403
        assert b"allowed_origins" in answer.body
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert shared.sim.requests == []


@pytest.mark.proves("B2")
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [(CHAT, b"{", 400), ("/v1/nowhere", BODY, 404), ("/v1/models", BODY, 405), (CHAT, BODY, 200)],
)
async def test_no_answer_at_all_is_shared_with_pages(shared: Bench, path: str, body: bytes, status: int) -> None:
    answer = await shared.send("POST", path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status == status
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.proves("B2")
async def test_a_page_of_our_own_may_ask(shared: Bench) -> None:
    assert (await answered(shared, raw("Host: localhost:5", "Origin: http://localhost:5")))[0] == 200
    assert (await answered(shared, raw("Host: localhost:5", "Origin: http://localhost:6")))[0] == 403


@pytest.mark.proves("B2")
@pytest.mark.parametrize("origin", ["https://chat.example", "app://obsidian.md"])
async def test_a_page_that_was_listed_may_ask_and_read(listed: Bench, origin: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
    before = await listed.send("OPTIONS", CHAT, headers={"Origin": origin, **asked})
    assert (before.status, before.body) == (204, b"")
    assert before.headers["access-control-allow-origin"] == origin
    assert before.headers["access-control-allow-headers"] == "content-type,x-api-key"
    answer = await listed.post(BODY, {"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert (answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (origin, "origin")
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-private-network" not in before.headers
    for wrong in ("https://chat.example.evil.example", "http://chat.example", "https://chat.example:444"):
        assert (await listed.post(BODY, {"Origin": wrong})).status == 403


# --- what a form can send ----------------------------------------------------------------------------------------


@pytest.mark.proves("B3", "promise 1")
@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
async def test_a_request_that_a_page_of_another_site_caused_is_a_403(shared: Bench, site: str) -> None:
    for method, path in ROUTES:
        answer = await shared.send(method, path, data=BODY, headers={"Sec-Fetch-Site": site})
        assert (answer.status, b"another site" in answer.body) == (403, True)
    assert shared.sim.requests == []


@pytest.mark.parametrize("site", ["none", "same-origin"])
async def test_a_person_who_types_our_address_is_let_in(shared: Bench, site: str) -> None:
    assert (await shared.get("/v1/models", {"Sec-Fetch-Site": site})).status == 200


MEDIA = [
    "text/plain",
    "text/plain; charset=utf-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "text/json",
    "application/json, text/plain",
    "x",
    "",
]


OPENAI, OLLAMA = CHAT, "/api/chat"
BROWSERS = [
    ["Origin: http://localhost"],  # a page of our own
    ["Origin: http://localhost", "Sec-Fetch-Site: same-origin"],
    ["Sec-Fetch-Site: none"],
    ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate"],
    ["Sec-Fetch-Mode: no-cors"],
    ["Sec-Fetch-Dest: document"],
    ["Sec-Fetch-User: ?1"],
]
"""What a browser says beside its type, where it is let in at all."""


@pytest.mark.proves("B3", "promise 1")
@pytest.mark.parametrize("media", [*MEDIA, None])
@pytest.mark.parametrize(
    "path", [CHAT, "/v1/messages", OLLAMA, "/v1/api/chat", "/v1beta/models/gpt-4o:generateContent"]
)
async def test_what_a_form_can_send_is_a_415_from_any_browser(shared: Bench, media: str | None, path: str) -> None:
    lines = [] if media is None else [f"Content-Type: {media}"]
    for said in BROWSERS:
        status, answer = await answered(shared, raw("Host: localhost", *lines, *said, target=path, json=False))
        assert (status, b"application/json" in answer) == (415, True), said
    assert shared.sim.requests == []


FORM = "application/x-www-form-urlencoded"
ASKED: dict[str, dict[str, Any]] = {
    "/v1/messages": {"max_tokens": 99},
    "/v1/responses": {"input": "Hello"},
    "/api/generate": {"prompt": "Hello"},
    "/v1/api/generate": {"prompt": "Hello"},
}
"""What a route wants beside a model and messages."""

PROGRAMS = [
    # path, type, status: nothing else is said
    *((path, None, 200) for path in (OPENAI, "/v1/messages", "/v1/responses", OLLAMA, "/v1/api/chat")),
    *((path, FORM, 200) for path in (OLLAMA, "/v1/api/chat", "/api/generate", "/v1/api/generate", "/api/show")),
    *((path, FORM, 415) for path in (OPENAI, "/v1/messages", "/v1/responses", "/v1beta/models/gpt-4o:generateContent")),
    (OLLAMA, FORM.upper(), 200),
    *((path, media, 415) for path in (OPENAI, OLLAMA) for media in MEDIA if media != FORM),
]


@pytest.mark.parametrize(("path", "media", "expected"), PROGRAMS)
async def test_what_comes_from_no_browser_may_leave_its_type_unsaid(
    shared: Bench, path: str, media: str | None, expected: int
) -> None:
    lines = [] if media is None else [f"Content-Type: {media}"]
    body = {**asking(), **ASKED.get(path, {})}
    request = raw("Host: localhost", *lines, target=path, json=False, body=json.dumps(body).encode())
    status, answer = await answered(shared, request)
    assert status == expected, answer
    if expected == 415:
        assert shared.sim.requests == []


@pytest.mark.proves("B2", "B3", "promise 1")
@pytest.mark.parametrize("media", [FORM, "text/plain", None])
@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
@pytest.mark.parametrize(
    "said",
    [["Origin: https://evil.example"], ["Origin: null"], ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"]],
)
async def test_a_page_that_leaves_its_type_unsaid_is_a_403(
    shared: Bench, path: str, media: str | None, said: list[str]
) -> None:
    lines = [] if media is None else [f"Content-Type: {media}"]
    status, _ = await answered(shared, raw("Host: localhost", *lines, *said, target=path, json=False))
    assert status == 403
    assert shared.sim.requests == []


@pytest.mark.proves("B3")
async def test_a_listed_page_says_its_type_too(listed: Bench) -> None:
    for media, expected in ((None, 415), (FORM, 415), ("application/json", 200)):
        lines = [] if media is None else [f"Content-Type: {media}"]
        request = raw("Host: localhost", "Origin: https://chat.example", *lines, target=OLLAMA, json=False)
        assert (await answered(listed, request))[0] == expected


@pytest.mark.parametrize("media", ["application/json", "Application/JSON;charset=utf-8", "application/vnd.x+json"])
async def test_json_is_taken_however_it_is_named(shared: Bench, media: str) -> None:
    status, _ = await answered(shared, raw("Host: localhost", f"Content-Type: {media}", json=False))
    assert status == 200


@pytest.mark.proves("N11")
@pytest.mark.parametrize("packed", ["gzip", "br", "deflate", "gzip, identity", "x"])
async def test_a_packed_body_is_a_415(shared: Bench, packed: str) -> None:
    assert (await shared.post(BODY, {"Content-Encoding": packed})).status == 415
    assert shared.sim.requests == []
    assert (await shared.post(BODY, {"Content-Encoding": "identity"})).status == 200


# --- GET and WebSockets ------------------------------------------------------------------------------------------


@pytest.mark.proves("B4")
@pytest.mark.parametrize(
    "path", ["/", "/health", "/livez", "/readyz", "/v1/models", "/v1/models/gpt-4o", "/api/tags", "/api/ps", "/token"]
)
async def test_no_get_costs_anything(shared: Bench, path: str) -> None:
    await shared.get("/v1/models")
    shared.forget()
    headers: Mapping[str, str] = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert (await shared.get(path, headers)).status in {200, 404}
    assert [request.path for request in shared.sim.requests if request.path != "/models"] == []


@pytest.mark.proves("B4", "promise 2")
@pytest.mark.parametrize("path", ["/token", "/v1/token", "/debug", "/metrics", "/config", "/.env", "/api/token"])
async def test_nothing_is_there_that_could_tell_a_token(shared: Bench, path: str) -> None:
    assert (await shared.get(path)).status == 404


@pytest.mark.proves("B6")
@pytest.mark.parametrize(("origin", "expected"), [("https://evil.example", 403), (None, 426)])
async def test_a_websocket_of_another_origin_is_a_403(shared: Bench, origin: str | None, expected: int) -> None:
    lines = ["Host: localhost", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA"]
    lines += [f"Origin: {origin}"] if origin else []
    head = "\r\n".join(["GET /v1/responses HTTP/1.1", "Connection: Upgrade", *lines, "", ""])
    wire = await shared.dial(head.encode())
    assert (await wire.until(b"\r\n")).startswith(f"HTTP/1.1 {expected} ".encode())


# --- the settings ------------------------------------------------------------------------------------------------


@pytest.mark.proves("B1", "B2")
async def test_a_list_that_says_nothing_in_particular_is_refused(tmp_path: Path) -> None:
    """Each is refused in tests/config/test_loading.py."""
    from tests.proxy import spawn

    (tmp_path / "my.toml").write_text('[server]\nallowed_hosts = ["*"]\napi_keys = "abc"\n')
    proxy = await spawn(tmp_path, ["-c", "my.toml"])
    assert await proxy.ended() == 2
    assert "my.toml:2" in proxy.lines[0]
    assert "host names alone" in proxy.lines[0]
    assert "my.toml:3" in proxy.lines[1]
    assert "array of keys" in proxy.lines[1]
    assert "abc" not in "".join(proxy.lines)
