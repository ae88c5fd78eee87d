"""The page from outside: who gets it, what it asks for, and what its session opens."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from passenger.server.pages.routes import MOST
from tests.proxy import PATIENCE
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
KEY, OTHER_KEY = "an-api-key-of-the-tests", "another-api-key-of-the-tests"
LISTED = "https://listed.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench that wants a key, with two workers and a listed origin."""
    directory = tmp_path_factory.mktemp("guarded")
    config = f'[server]\nworkers = 2\nallowed_origins = ["{LISTED}"]\n'
    env = {"PASSENGER_API_KEYS": f"{KEY},{OTHER_KEY}"}
    async with bench(directory, config=config, env=env, primed=False) as one:
        yield one


async def form(
    one: Bench, path: str, origin: str | None = None, cookie: str = "", peer: str = "127.0.0.1", **fields: str
) -> Answer:
    """What our own page would send."""
    headers = {**HTML, "Origin": origin if origin is not None else one.proxy.url}
    if cookie:
        headers["Cookie"] = cookie
    from_peer = aiohttp.TCPConnector(local_addr=(peer, 0))
    async with aiohttp.ClientSession(
        connector=from_peer
    ) as fresh:  # a connection of its own, so that any worker may get it
        post = fresh.post(one.proxy.url + path, data=fields, headers=headers, allow_redirects=False)
        async with post as answer:
            return Answer(answer.status, answer.headers, await answer.read())


async def visit(one: Bench, cookie: str = "") -> Answer:
    async with aiohttp.ClientSession() as fresh:
        headers = {**HTML, "Cookie": cookie} if cookie else HTML
        async with fresh.get(f"{one.proxy.url}/", headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


async def session_of(one: Bench, key: str = KEY) -> str:
    entered = await form(one, "/page/key", key=key)
    assert entered.status == 303
    return entered.headers["set-cookie"].partition(";")[0]


def text_of(answer: Answer) -> str:
    return unescape(re.sub(r"<[^>]*>", "", answer.body.decode()))


# --- who gets it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/plain", None])
async def test_a_program_is_told_what_ollama_says(shared: Bench, accept: str | None) -> None:
    answer = await shared.get("/", {"Accept": accept} if accept else None)
    assert (answer.status, answer.body) == (200, b"Ollama is running")
    assert answer.headers["vary"] == "Accept"


async def test_a_browser_gets_a_page_that_only_it_may_keep_and_that_loads_from_here_alone(shared: Bench) -> None:
    answer = await shared.get("/", HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "Accept" in answer.headers["vary"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["referrer-policy"] == "same-origin"
    assert b"<!doctype html>" in answer.body


async def test_head_has_the_headers_of_either(shared: Bench) -> None:
    page = await shared.send("HEAD", "/", headers=HTML)
    plain = await shared.send("HEAD", "/")
    assert (page.body, plain.body) == (b"", b"")
    assert page.headers["content-type"].startswith("text/html")
    assert plain.headers["content-type"].startswith("text/plain")


async def test_the_page_has_the_models_the_lines_and_the_last_requests(shared: Bench) -> None:
    asked = await shared.chat()
    text = text_of(await shared.get("/", HTML))
    assert asked.status == 200
    settings = shared.proxy.home / "settings.toml"
    assert f"passenger -c {settings} launch claude --port {shared.proxy.url.rpartition(':')[2]}" in text
    assert f"export OPENAI_BASE_URL={shared.proxy.url}/v1 OPENAI_API_KEY=passenger" in text
    assert "claude-sonnet-4.6" in text
    assert re.search(r"gpt-4o\s+relayed · completions\s+200", text)


async def test_the_page_costs_nothing_at_copilot(shared: Bench) -> None:
    await shared.get("/", HTML)
    assert [one.path for one in shared.sim.requests if one.path.startswith("/chat")] == []


async def test_its_files_are_kept_under_the_name_of_their_content(shared: Bench) -> None:
    page = (await shared.get("/", HTML)).body.decode()
    addresses = re.findall(r'(?:href|src)="(/page/[^"]+)"', page)
    assert len(set(addresses)) == 3
    for address in set(addresses):
        answer = await shared.get(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await shared.get(address.partition("?")[0])).headers["cache-control"] == "no-cache"


# --- keys and sessions -------------------------------------------------------------------------------------------


async def test_with_keys_a_browser_is_asked_for_one_and_told_nothing(guarded: Bench) -> None:
    answer = await visit(guarded)
    assert answer.status == 200
    assert b'name="key"' in answer.body
    for told in (b"claude", b"gpt", b"passenger launch", b"process"):
        assert told not in answer.body


async def test_a_program_is_still_told_what_ollama_says(guarded: Bench) -> None:
    assert (await guarded.get("/")).body == b"Ollama is running"


@pytest.mark.proves("promise 2", "T4")
async def test_a_wrong_key_opens_nothing_and_is_in_the_log_by_its_digest_alone(guarded: Bench) -> None:
    answer = await form(guarded, "/page/key", key="not-a-key-of-this-server")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert b"This is not one of the server" in answer.body
    line = await guarded.proxy.said("not let in: the page")
    assert "sha256" in line
    assert "not-a-key-of-this-server" not in line


@pytest.mark.proves("N2", "T4")
async def test_wrong_keys_are_bounded_for_one_peer_and_the_right_one_still_opens_from_elsewhere(tmp_path: Path) -> None:
    async with bench(tmp_path, env={"PASSENGER_API_KEYS": KEY}, primed=False) as one:
        for _ in range(MOST):
            assert (await form(one, "/page/key", key="not-a-key-of-this-server")).status == 401
        for key in ("another-guess", KEY):
            answer = await form(one, "/page/key", key=key)
            assert (answer.status, answer.headers.get("set-cookie")) == (429, None)
            assert 0 < int(answer.headers["retry-after"]) <= 61
        assert (await form(one, "/page/key", key=KEY, peer="127.0.0.2")).status == 303


async def test_a_key_begins_a_session_that_every_worker_knows(guarded: Bench) -> None:
    cookie = await session_of(guarded)
    for _ in range(12):
        assert b" launch claude" in (await visit(guarded, cookie)).body


@pytest.mark.proves("B8", "T4")
async def test_the_cookie_is_kept_from_scripts_and_from_other_sites_and_is_no_key(guarded: Bench) -> None:
    entered = await form(guarded, "/page/key", key=KEY)
    name, flags = entered.headers["set-cookie"].split("; ", 1)
    assert flags == "Max-Age=43200; HttpOnly; SameSite=Strict; Path=/"
    assert KEY not in name
    assert entered.headers["location"] == "/"


@pytest.mark.proves("B8")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/passenger/status"),
        ("GET", "/v1/passenger/requests"),
        ("GET", "/v1/passenger/models"),
        ("GET", "/v1"),
        ("GET", "/api/tags"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/messages"),
        ("POST", "/api/chat"),
    ],
)
async def test_the_session_opens_no_api(guarded: Bench, method: str, path: str) -> None:
    cookie = await session_of(guarded)
    headers = {"Cookie": cookie, "Content-Type": "application/json", "Origin": guarded.proxy.url}
    answer = await guarded.send(method, path, headers=headers)
    assert answer.status == 401
    value = cookie.partition("=")[2]
    assert (await guarded.send(method, path, headers={"Authorization": f"Bearer {value}"})).status == 401


@pytest.mark.parametrize("change", [lambda v: v[:-1] + "0g"[v[-1] == "0"], lambda v: "9" + v[1:], lambda _: KEY])
async def test_no_other_cookie_opens_the_page(guarded: Bench, change: object) -> None:
    assert callable(change)
    name, _, value = (await session_of(guarded)).partition("=")
    assert b'name="key"' in (await visit(guarded, f"{name}={change(value)}")).body


async def test_signing_out_lets_the_browser_forget_it(guarded: Bench) -> None:
    left = await form(guarded, "/page/leave", cookie=await session_of(guarded))
    assert left.status == 303
    assert "=; Max-Age=0;" in left.headers["set-cookie"]


@pytest.mark.proves("B8")
async def test_a_session_ends_with_its_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n{OTHER_KEY}\n")
    keys.chmod(0o600)
    async with bench(tmp_path, config=f'[server]\napi_key_file = "{keys}"\n', primed=False) as one:
        cookies = [await session_of(one, key) for key in (KEY, OTHER_KEY)]
        keys.write_text(f"{OTHER_KEY}\n")
        async with asyncio.timeout(PATIENCE):
            while b'name="key"' not in (await visit(one, cookies[0])).body:
                pass
        assert b"passenger launch" in (await visit(one, cookies[1])).body


async def test_by_a_name_that_leads_here_from_elsewhere_no_login_is_begun_without_keys(tmp_path: Path) -> None:
    async with bench(tmp_path, config='[server]\nallowed_hosts = ["passenger.example"]\n', primed=False) as one:
        named = {"Host": "passenger.example", "Origin": "https://passenger.example", **HTML}
        answer = await one.send("POST", "/page/login", headers=named)
        assert answer.status == 403
        assert "API key" in text_of(answer)
        page = text_of(await one.get("/", named))
        assert "on the machine that Passenger runs on" in page
        assert "export OLLAMA_HOST=http://passenger.example " in page
        assert (await form(one, "/page/login")).status == 303


# --- forms -------------------------------------------------------------------------------------------------------

FORMS = ["/page/key", "/page/leave", "/page/login", "/page/login/cancel"]


@pytest.mark.proves("promise 1", "B3")
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", LISTED, "http://127.0.0.1:1"])
async def test_no_form_is_taken_from_another_page_even_a_listed_one(guarded: Bench, path: str, origin: str) -> None:
    answer = await form(guarded, path, origin, cookie=await session_of(guarded), key=KEY)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_from_a_program(guarded: Bench, path: str) -> None:
    answer = await guarded.send("POST", path, data={"key": KEY})
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/page/login", "/page/login/cancel"])
async def test_with_keys_no_login_is_begun_without_one(guarded: Bench, path: str) -> None:
    answer = await form(guarded, path)
    assert answer.status == 403
    assert "API key" in text_of(answer)


async def test_a_form_that_is_too_large_is_refused(guarded: Bench) -> None:
    assert (await form(guarded, "/page/key", key="k" * 9000)).status == 413


async def test_a_form_is_no_page_to_look_at(shared: Bench) -> None:
    answer = await shared.get("/page/login")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
