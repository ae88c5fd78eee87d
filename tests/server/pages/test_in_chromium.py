"""The page in a real browser: how it looks and is used, and what a page of another server can do to it and to us."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.proxy import PATIENCE, eventually
from tests.server.bench import CHAT, Bench, asking, bench
from tests.server.chromium import Browser, Page, chromium
from tests.server.pages.foreign import foreign_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[3]
AXE = ROOT / "tests" / "contract" / "node" / "node_modules" / "axe-core" / "axe.min.js"
KEY = "an-api-key-of-the-tests"
HOSTILE = "<img src=x onerror=alert(1)>'\"><script>alert(2)</script>"
LONG = "a" * 150


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench that has been asked well, wrongly, at length and with markup."""
    async with bench(tmp_path_factory.mktemp("served")) as one:
        await one.chat()
        await one.stream(model="claude-sonnet-4.6", seed=7)
        for name in (HOSTILE, LONG):
            agent = {"User-Agent": f"{name}/1.0 (x)"}
            assert (await one.post(asking(model=name), agent)).status == 404
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    directory = tmp_path_factory.mktemp("guarded")
    async with bench(directory, env={"PASSENGER_API_KEYS": KEY}, primed=False) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elsewhere() -> AsyncIterator[int]:
    async with foreign_server() as port:
        yield port


def check_quiet(page: Page, one: Bench) -> None:
    """Nothing was said on the console, no rule was broken, and nothing was asked of anybody else."""
    assert page.problems == []
    assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(one.proxy.url).netloc}


async def findings(page: Page) -> list[str]:
    """What axe finds serious, with the elements that it means."""
    await page.run(await asyncio.to_thread(AXE.read_text) + "; true")
    found = await page.run("axe.run().then(found => found.violations)")
    bad = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in bad]


async def is_as_wide_as_its_window(page: Page) -> bool:
    return bool(await page.run("document.documentElement.scrollWidth <= innerWidth"))


# --- how it looks ------------------------------------------------------------------------------------------------


@pytest.mark.proves("page")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_quiet_fits_and_has_no_serious_finding(browser: Browser, served: Bench, scheme: str) -> None:
    async with browser.page(scheme=scheme) as page:
        await page.open(f"{served.proxy.url}/")
        await page.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
        for width in (1280, 861, 860, 360, 320):
            await page.resize(width)
            assert await is_as_wide_as_its_window(page), width
        check_quiet(page, served)
        for width in (1280, 360):
            await page.resize(width)
            assert await findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_paused_sessions_fit_and_can_be_read(browser: Browser, tmp_path: Path, scheme: str) -> None:
    names = ["4f1c8f1e-93a7-4d0e-b8d2-6f6c2a0f4b11", "x" * 64, f"<img src=x onerror=alert(1)>{'y' * 36}"]
    async with bench(tmp_path, config='[breaker]\naction = "pause"\n') as one, browser.page(scheme=scheme) as page:
        for name in names:
            for _ in range(4):
                assert (await one.post(asking("again"), {"x-session-id": name})).status == 200
        await eventually(lambda: len(one.proxy.logged("is paused for 15 minutes")) == len(names))
        await page.open(f"{one.proxy.url}/")
        told = await page.text("section[aria-labelledby=paused]")
        assert all(name in told for name in names)
        assert "answered 4 times" in told
        for width in (1280, 861, 860, 360, 320):
            await page.resize(width)
            assert await is_as_wide_as_its_window(page), width
        check_quiet(page, one)
        assert await findings(page) == []


@pytest.mark.proves("promise 1", "B7")
async def test_what_a_request_names_itself_is_text(browser: Browser, served: Bench) -> None:
    async with browser.page() as page:
        await page.open(f"{served.proxy.url}/")
        assert HOSTILE in await page.text(".requests")
        assert await page.run("document.querySelectorAll('main img, main script').length") == 0
        check_quiet(page, served)


# --- how it is used ----------------------------------------------------------------------------------------------

CONTROLS = """[...document.querySelectorAll('a[href], button, input, summary')]
    .filter(one => one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}))"""


@pytest.mark.proves("page")
@pytest.mark.parametrize("width", [1280, 360])
async def test_the_tab_key_reaches_every_control(browser: Browser, served: Bench, width: int) -> None:
    async with browser.page(width=width) as page:
        await page.open(f"{served.proxy.url}/")
        await page.run(f"window.left = new Set({CONTROLS})")
        number = await page.run("left.size")
        assert number > 15
        for _ in range(number):
            await page.press("Tab")
            await page.run("left.delete(document.activeElement)")
        assert await page.run("[...left].map(one => one.outerHTML)") == []


async def test_each_button_copies_its_line(browser: Browser, served: Bench) -> None:
    async with browser.page() as page:
        await page.open(f"{served.proxy.url}/")
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await browser.command("Browser.grantPermissions", permissions=permissions, browserContextId=page.profile)
        for name in await page.run("[...document.querySelectorAll('[data-copies]')].map(one => one.dataset.copies)"):
            await page.run(f"document.getElementById('{name}').closest('details')?.setAttribute('open', '')")
            await page.click(f"[data-copies='{name}']")
            await page.until(f"document.querySelector(\"[data-copies='{name}']\").textContent === 'Copied'")
            line = await page.run(f"document.getElementById('{name}').textContent")
            assert await page.run("navigator.clipboard.readText()") == line
        check_quiet(page, served)


@pytest.mark.proves("page")
async def test_without_javascript_it_says_the_same(browser: Browser, served: Bench) -> None:
    async with browser.page() as page:
        await page.command("Emulation.setScriptExecutionDisabled", value=True)
        await page.open(f"{served.proxy.url}/")
        text = await page.text()
        assert " launch claude" in text
        assert "claude-sonnet-4.6" in text
        assert "Copy" not in text


@pytest.mark.proves("B8")
async def test_a_key_opens_it_and_signing_out_closes_it(browser: Browser, guarded: Bench) -> None:
    async with browser.page(width=360) as page:
        await page.command("Emulation.setScriptExecutionDisabled", value=True)
        await page.open(f"{guarded.proxy.url}/")
        await page.type("#key", "not-a-key")
        await page.send("button")
        assert "not one of the server's keys" in await page.text()
        await page.type("#key", KEY)
        await page.send("button")
        assert " launch claude" in await page.text()
        (cookie,) = await page.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        assert KEY not in json.dumps(cookie)
        assert await is_as_wide_as_its_window(page)
        await page.send("header form button")
        assert await page.cookies() == []
        assert " launch claude" not in await page.text()


async def test_the_form_that_asks_for_a_key_has_no_serious_finding(browser: Browser, guarded: Bench) -> None:
    for scheme in ("light", "dark"):
        async with browser.page(width=360, scheme=scheme) as page:
            await page.open(f"{guarded.proxy.url}/")
            assert await is_as_wide_as_its_window(page)
            check_quiet(page, guarded)
            assert await findings(page) == []


@pytest.mark.proves("first login", "page")
async def test_a_person_logs_in_by_the_page_alone(browser: Browser, tmp_path: Path) -> None:
    awaiting = ("serve", "--await-login")
    async with (
        Simulator(device_interval=0.01, approve_after=10**6) as simulator,
        bench(tmp_path, *awaiting, login=False, primed=False, simulator=simulator) as one,
        browser.page(width=360, scheme="dark") as page,
    ):
        await page.open(f"{one.proxy.url}/")
        assert "Login needed" in await page.text("header")
        assert await is_as_wide_as_its_window(page)
        assert await findings(page) == []
        await page.send(".login button:not([data-copies])")
        code = await page.text("#code")
        assert await is_as_wide_as_its_window(page)
        assert await findings(page) == []
        check_quiet(page, one)
        await page.open(await page.run("document.querySelector('.login a').href"))
        assert code in await page.text()
        await page.send("button[value=yes]")
        await eventually(lambda: len(simulator.account.minted) > 0)
        await page.open(f"{one.proxy.url}/")
        assert "Serving" in await page.text("header")
        assert simulator.account.login in await page.text("header")


# --- a page of another server ------------------------------------------------------------------------------------

PATHS = [CHAT, "/v1/messages", "/api/chat", "/page/key", "/page/leave", "/page/login", "/page/login/cancel"]
LOOKS = ["/", "/v1/models", "/v1/passenger/status", "/v1/passenger/requests", "/api/tags", "/readyz"]

TRY = """(async () => {
    const told = [];
    const note = async (name, work) => { try { told.push([name, await work()]) } catch { told.push([name, null]) } };
    for (const path of %(looks)s)
        for (const headers of [{}, {Accept: 'text/html'}])
            await note(path, async () => (await fetch(%(url)s + path, {headers, credentials: 'include'})).text());
    for (const path of %(paths)s) {
        const send = init => fetch(%(url)s + path, {method: 'POST', body: %(body)s, credentials: 'include', ...init});
        for (const type of ['text/plain', 'application/json'])
            await note(path, async () => (await send({headers: {'Content-Type': type}})).text());
        await send({mode: 'no-cors'}).catch(() => null);
    }
    return told.filter(([, text]) => text !== null);
})()"""

EMBED = """(() => {
    const waits = [];
    const add = (tag, set, ends) => {
        const one = Object.assign(document.createElement(tag), set);
        waits.push(new Promise(done => { for (const end of ends) one.addEventListener(end, done) }));
        document.body.append(one);
        return one;
    };
    for (const path of %(looks)s) {
        add('img', {src: %(url)s + path}, ['load', 'error']);
        add('script', {src: %(url)s + path}, ['load', 'error']);
        add('iframe', {src: %(url)s + path}, ['load']);
    }
    for (const path of %(paths)s) {
        const frame = add('iframe', {name: path}, ['load']);
        const form = document.createElement('form');
        const enctype = path.startsWith('/page/') ? 'application/x-www-form-urlencoded' : 'text/plain';
        Object.assign(form, {method: 'post', action: %(url)s + path, enctype, target: path});
        form.append(Object.assign(document.createElement('input'), {name: 'key', value: %(body)s}));
        document.body.append(form);
        waits.push(new Promise(done => frame.addEventListener('load', done)));
        form.submit();
    }
    return Promise.all(waits).then(() => waits.length);
})()"""

SOCKET = """new Promise(done => {
    const socket = new WebSocket(%(socket)s);
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
})"""


async def attack(page: Page, script: str, url: str, key: str = "") -> Any:
    """Let the page that is open run a script against the server at an address."""
    values = {"looks": LOOKS, "paths": PATHS, "url": url, "body": key or json.dumps(asking())}
    told = {name: json.dumps(value) for name, value in values.items()}
    return await page.run(script % {**told, "socket": json.dumps(url.replace("http", "ws", 1) + "/v1/responses")})


@pytest.mark.proves("promise 1", "B1", "B2", "B3", "B4", "B6", "B8")
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "127.0.0.1"], ids=["another site", "same site", "same host"]
)
async def test_a_page_of_another_server_reads_costs_and_changes_nothing(
    browser: Browser, guarded: Bench, served: Bench, elsewhere: int, host: str
) -> None:
    for one, key in ((served, ""), (guarded, KEY)):
        async with browser.page() as page:
            if key:
                await sign_in(page, one)
            await eventually(lambda one=one: one.sim.active == 0)  # type: ignore[misc]
            one.forget()
            await page.open(f"http://{host}:{elsewhere}/")
            before = await page.cookies_of(one.proxy.url)
            assert await attack(page, TRY, one.proxy.url, key) == []
            assert await attack(page, EMBED, one.proxy.url, key) > 30
            assert await attack(page, SOCKET, one.proxy.url) == "refused"
            assert await page.cookies_of(one.proxy.url) == before
        assert [seen.path for seen in one.sim.requests] == []
        assert one.proxy.logged("not let in")


@pytest.mark.proves("promise 1", "B1")
async def test_no_name_that_a_page_brings_along_leads_to_us(browser: Browser, served: Bench, elsewhere: int) -> None:
    port = urlsplit(served.proxy.url).port
    served.forget()
    async with browser.page() as page:
        await page.open(f"http://rebound.example:{elsewhere}/")
        assert await attack(page, TRY, f"http://rebound.example:{port}") == []
        await page.open(f"http://rebound.example:{port}/")
        assert "host_not_allowed" in await page.text()
    assert [seen.path for seen in served.sim.requests] == []


async def sign_in(page: Page, one: Bench) -> None:
    await page.open(f"{one.proxy.url}/")
    await page.type("#key", KEY)
    await page.send("button")
    async with asyncio.timeout(PATIENCE):
        assert len(await page.cookies_of(one.proxy.url)) == 1
