"""Whatever a request names itself, its text is text."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.copilot.model_cards import ModelCard
from passenger.observe.records import RequestRecord
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount, ServerStatus
from passenger.server.pages.client_commands import PageAddress
from passenger.server.pages.overview import overview
from passenger.server.pages.rendering import DIRECTORY, TYPES, assets, page, render

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>{{7*7}}</script>"


def home(text: str) -> str:
    card = ModelCard(text, text + " ", text, text, aliases=[text], efforts=[text], dialects=[text], policy=None)
    record = RequestRecord(
        id=text,
        ended=1.0,
        method=text,
        path=text,
        client=text,
        user_agent=text,
        status=500,
        outcome=text,
        seconds=1,
        asked=text,
        model=text + "m",
        mode=text,
        dialect=text,
        dropped=[text],
        retries=[text],
        lessons=[text],
        error_message=text,
        tag=text,
    )
    account = SeatAccount(text, text, text, [Quota(text)], text)
    status = ServerStatus(text, 1, 1.0, [text], degraded={text: text}, account=account)
    view = overview(
        status, [card, ModelCard("h", text, text, text, policy=text)], [record], PageAddress(text, text, 1), 2.0
    )
    login = {"waiting": True, "code": text, "url": "https://x/" + text, "left": text, "error": text, "refused": text}
    return render("home.html", view=view, key=text, here=False, trouble=text, login=login, has_session=True)


@pytest.mark.proves("B7")
def test_no_text_becomes_markup_and_no_template() -> None:
    text = home(HOSTILE)
    assert HOSTILE not in text
    assert "<img src=x" not in text
    assert "<script>" not in text
    assert "49</script" not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") > 20


@given(st.text(alphabet="<>&\"'`=/ \x00\n{}%#abc", max_size=30))
def test_no_text_adds_an_element_or_an_attribute(text: str) -> None:
    assert home(text).count("<") == home("plain").count("<") or text.casefold() in {"", " "} or not text.strip()


def test_the_forms_with_one_thing_to_do_are_escaped_too() -> None:
    shown = render("key.html", error=HOSTILE, sources=[HOSTILE], hours=12) + render("refused.html", error=HOSTILE)
    assert "<img src=x" not in shown


async def test_a_page_is_for_this_browser_and_moment_alone_and_loads_from_here_alone() -> None:
    answer = await page("refused.html", 403, error="no")
    assert answer.status_code == 403
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.proves("page")
def test_nothing_is_inline_and_nothing_comes_from_another_host() -> None:
    text = home("plain")
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick" not in text
    assert "<script>" not in text
    assert text.count("<script src=") == 1
    for asset in assets().values():
        assert b"http" not in asset.content.replace(b'xmlns="http://www.w3.org/2000/svg"', b"")


def test_a_server_that_no_browser_visits_does_without_a_template_engine() -> None:
    script = "import sys, passenger.server.app; assert 'jinja2' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# --- assets -----------------------------------------------------------------------------------------------------------


def test_each_file_that_is_there_is_served_and_no_other() -> None:
    assert {path.name for path in DIRECTORY.iterdir()} == set(TYPES)


def test_its_address_changes_with_its_content() -> None:
    addresses = [asset.address for asset in assets().values()]
    assert all(re.fullmatch(r"/page/[a-z.]+\?[0-9a-f]{12}", address) for address in addresses)
    assert len(set(addresses)) == len(TYPES)
