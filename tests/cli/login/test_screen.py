"""Which addresses a login opens in a browser, with a real one's stand-in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = (
    "import passenger.cli.login.screen as s; "
    "t = s.TerminalScreen(open_browser=True); t.show_code('AB', {!r}, 9); t.close()"
)


def opened(directory: Path, url: str) -> tuple[str, list[str]]:
    """What the screen says about an address, and what a browser saw: its working directory, the address."""
    told, browser = directory / "told", directory / "browser"
    browser.write_text(f'#!/bin/sh\npwd > "{told}"\necho "$1" >> "{told}"\necho noise >&2\n')
    browser.chmod(0o755)
    env = {**os.environ, "BROWSER": str(browser)}
    command = [sys.executable, "-c", SHOW.format(url)]
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=True)
    return done.stderr, told.read_text().splitlines() if told.exists() else []


def test_githubs_page_is_opened_from_elsewhere(tmp_path: Path) -> None:
    said, told = opened(tmp_path, "https://github.com/login/device")
    assert told[1] == "https://github.com/login/device"
    assert told[0] != str(tmp_path)
    assert "has been opened in your browser" in said
    assert "noise" not in said


@pytest.mark.proves("T8")
@pytest.mark.parametrize(
    "url",
    ["http://github.com/login/device", "file:///etc/passwd", "vscode://x", "javascript:alert(1)", "-rf", "/bin/sh", ""],
)
def test_nothing_but_a_page_of_the_web_is_opened(tmp_path: Path, url: str) -> None:
    said, told = opened(tmp_path, url)
    assert told == []
    assert f"Open {url}" in said
