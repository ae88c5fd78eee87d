"""The page by which somebody joins, in a real browser: how it looks, is used, and leads to a key."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.server.chromium import Browser, Page, chromium
from tests.server.pages.test_in_chromium import check_quiet, findings, is_as_wide_as_its_window
from tests.server.pages.test_join import Lobby, lobby_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def lobby(tmp_path: Path) -> AsyncIterator[Lobby]:
    async with lobby_of(tmp_path) as found:
        yield found


STAY = "{ const last = setTimeout(() => {}); for (let id = 0; id <= last; id++) clearTimeout(id) }"
"""Lets a page that looks again after a while stay as it is."""


async def approve(lobby: Lobby, page: Page, url: str) -> None:
    """Say yes at GitHub, and look at the page once it knows."""
    lobby.sim.approve(lobby.ann.login)
    await lobby.until(urlsplit(url).path, "You have joined")
    await page.open(url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_somebody_joins_by_clicks_alone(browser: Browser, lobby: Lobby, scheme: str) -> None:
    async with browser.page(scheme=scheme) as page:
        url = lobby.own.proxy.url + lobby.invite()
        await page.open(url)
        assert "ann, you are invited" in await page.text()
        assert await findings(page) == []
        await page.send("form button")
        assert await page.run("location.href") == url
        await page.run(STAY)
        assert (await page.text("#code")).startswith("SIMU-")
        assert re.fullmatch(r"1[45]:\d\d min", await page.text("[data-left]"))
        assert await findings(page) == []
        await approve(lobby, page, url)
        assert await findings(page) == []
        await page.send("form button")
        key = await page.text("#key")
        assert f"PASSENGER_KEY={key} passenger setup claude" in await page.text()
        for width in (1280, 360, 320):
            await page.resize(width)
            assert await is_as_wide_as_its_window(page), width
        assert await findings(page) == []
        check_quiet(page, lobby.own)
    assert (await lobby.chat(key)).status == 200


async def test_each_button_of_the_key_copies_its_line(browser: Browser, lobby: Lobby) -> None:
    async with browser.page() as page:
        url = lobby.own.proxy.url + lobby.invite()
        await page.open(url)
        await page.send("form button")
        await page.run(STAY)
        await approve(lobby, page, url)
        await page.send("form button")
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await browser.command("Browser.grantPermissions", permissions=permissions, browserContextId=page.profile)
        names = await page.run("[...document.querySelectorAll('[data-copies]')].map(one => one.dataset.copies)")
        assert len(names) > 5
        for name in names:
            await page.click(f"[data-copies='{name}']")
            await page.until(f"document.querySelector(\"[data-copies='{name}']\").textContent === 'Copied'")
            assert await page.run("navigator.clipboard.readText()") == await page.text(f"#{name}")
        check_quiet(page, lobby.own)
