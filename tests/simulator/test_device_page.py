"""The page of the device flow as a browser gets it, and its form as a browser sends it back."""

import re
import urllib.parse

import pytest

from passenger.simulator import Simulator
from passenger.simulator.device_page import answered, waiting
from tests.simulator.client import Client, Response, connected
from tests.simulator.test_device import begin, poll

BROWSER = {"User-Agent": "Mozilla/5.0", "Accept": "text/html"}


async def open_page(client: Client) -> Response:
    return await client.request("GET", "/login/device", BROWSER)


async def click(client: Client, page: Response, answer: str) -> Response:
    """Press a button of the page's first form."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.body.decode()))
    form = urllib.parse.urlencode(hidden | {"answer": answer}).encode()
    headers = BROWSER | {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.request("POST", "/login/device", headers, form)


@pytest.mark.parametrize(("answer", "expected"), [("yes", None), ("no", "access_denied")])
async def test_a_login_is_decided_by_a_click(answer: str, expected: str | None) -> None:
    async with Simulator(device_interval=0, approve_after=0) as sim, connected(sim) as client:
        begun = (await begin(client)).json()
        page = await open_page(client)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert begun["user_code"] in page.body.decode()
        assert (await poll(client, begun["device_code"])).json()["error"] == "authorization_pending"
        clicked = await click(client, page, answer)
        assert (clicked.status, "terminal" in clicked.body.decode()) == (200, True)
        assert (await poll(client, begun["device_code"])).json().get("error") == expected


async def test_nobody_waits_at_first() -> None:
    async with Simulator() as sim, connected(sim) as client:
        page = await open_page(client)
        assert b"No login waits" in page.body
        assert b"not known" in (await click(client, page, "yes")).body


async def test_the_page_loads_nothing_and_runs_nothing() -> None:
    async with Simulator() as sim, connected(sim) as client:
        page = await open_page(client)
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert b"<script" not in page.body
        assert b"http" not in page.body


def test_a_code_is_shown_as_text() -> None:
    assert b"&lt;b&gt;" in waiting(["<b>"])


def test_each_answer_has_words_of_its_own() -> None:
    assert len({answered(outcome) for outcome in ("approved", "denied", None)}) == 3
