"""A real Chromium for the tests of the page, driven by the DevTools protocol over a WebSocket.

One process serves all tests of a module; each page has a profile of its own, with its own cookies. Nothing is mapped to
the internet: every name below `.example` is this machine.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.proxy import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # CI is root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
LISTENS = re.compile(r"DevTools listening on (ws://\S+)")
KEYS = {"Tab": 9, "Enter": 13}


def program() -> str:
    """Where Chromium is."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "there is no Chromium: `make chromium` installs it"
    return found


@dataclass
class Browser:
    """One Chromium process."""

    socket: aiohttp.ClientWebSocketResponse
    numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    pages: dict[str, "Page"] = field(default_factory=dict)

    async def read(self) -> None:
        """Hand on what Chromium says, for as long as it does."""
        async for message in self.socket:
            said = json.loads(message.data)
            if "id" in said:
                self.answers.pop(said["id"]).set_result(said)
            elif (page := self.pages.get(said.get("sessionId", ""))) is not None:
                page.hear(said["method"], said["params"])

    async def command(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """What Chromium answers to a command."""
        number = self.numbers()
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        addressed = {"sessionId": session} if session else {}
        await self.socket.send_json({"id": number, "method": method, "params": parameters, **addressed})
        async with asyncio.timeout(PATIENCE):
            said = await answer
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    @contextlib.asynccontextmanager
    async def page(self, width: int = 1280, height: int = 900, scheme: str = "light") -> AsyncIterator["Page"]:
        """A page with a profile of its own."""
        context = (await self.command("Target.createBrowserContext"))["browserContextId"]
        target = (await self.command("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        session = (await self.command("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = self.pages[session] = Page(self, session, context)
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            await page.command(f"{domain}.enable")
        await page.resize(width, height)
        await page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        try:
            yield page
        finally:
            del self.pages[session]
            await self.command("Target.disposeBrowserContext", browserContextId=context)


@dataclass
class Page:
    """One tab. `problems` are what its console would show, `requests` the addresses that it has asked for."""

    browser: Browser
    session: str
    profile: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, method: str, told: dict[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self.loaded.set()
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Page.javascriptDialogOpening" | "Runtime.exceptionThrown" | "Audits.issueAdded":
                self.problems.append(json.dumps(told))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.problems.append(json.dumps(told["entry"]))
            case "Runtime.consoleAPICalled" if told["type"] in {"error", "assert"}:
                self.problems.append(json.dumps(told["args"]))
            case _:
                pass

    async def command(self, method: str, **parameters: object) -> dict[str, Any]:
        return await self.browser.command(method, self.session, **parameters)

    async def resize(self, width: int, height: int = 900) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    async def open(self, url: str) -> None:
        """Go there, and wait until all of it is there."""
        self.loaded.clear()
        await self.command("Page.navigate", url=url)
        await self.settled()

    async def settled(self) -> None:
        """Wait for the end of the loading that has been begun."""
        async with asyncio.timeout(PATIENCE):
            await self.loaded.wait()

    async def run(self, script: str) -> Any:
        """What an expression gives, awaited where it is a promise."""
        told = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait for something to hold."""
        async with asyncio.timeout(PATIENCE):
            while not await self.run(condition):
                await asyncio.sleep(0.005)

    async def text(self, selector: str = "body") -> str:
        """What can be read there."""
        return str(await self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def click(self, selector: str) -> None:
        """Click on the middle of an element, as a person does."""
        place = await self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    async def send(self, selector: str) -> None:
        """Click on what leads to another page, and wait for that."""
        self.loaded.clear()
        await self.click(selector)
        await self.settled()

    async def press(self, key: str) -> None:
        code = KEYS[key]
        for kind in ("rawKeyDown", "keyUp"):
            await self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    async def type(self, selector: str, text: str) -> None:
        """Write into a field."""
        await self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.command("Input.insertText", text=text)

    async def cookies(self) -> list[dict[str, Any]]:
        """Those of the page that is open."""
        found: list[dict[str, Any]] = (await self.command("Network.getCookies"))["cookies"]
        return found

    async def cookies_of(self, url: str) -> list[dict[str, Any]]:
        """Those that would be sent to an address."""
        found: list[dict[str, Any]] = (await self.command("Network.getCookies", urls=[url]))["cookies"]
        return found

    async def picture(self, path: Path) -> None:
        """Keep what is to be seen, the whole length of it."""
        taken = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))


@contextlib.asynccontextmanager
async def chromium(directory: Path) -> AsyncIterator[Browser]:
    """A running browser, which keeps all it writes below the directory."""
    process = await asyncio.create_subprocess_exec(
        program(), *FLAGS, f"--user-data-dir={directory}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http, http.ws_connect(await _address(process), max_msg_size=0) as socket:
            browser = Browser(socket)
            reader = asyncio.create_task(browser.read())
            drain = asyncio.create_task(_drain(process))
            try:
                yield browser
            finally:
                reader.cancel()
                drain.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said: list[str] = []
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            said.append(line.decode("utf-8", "replace"))
            if found := LISTENS.search(said[-1]):
                return found[1]
    raise AssertionError("".join(said))


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read what nobody wants to know, so that Chromium never waits for a reader."""
    assert process.stderr is not None
    while await process.stderr.read(65536):
        pass
