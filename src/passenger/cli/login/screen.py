"""What a person sees of a login: a code in large, a browser where there is one, and the time that is left.

On a terminal it moves; in a pipe, a container or a log it is a few plain lines. stdin is never read.
"""

import asyncio
import contextlib
import os
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from passenger.tokens.isolated import ELSEWHERE

if TYPE_CHECKING:
    from rich.status import Status


def screen_for(stream: TextIO, environ: Mapping[str, str], *, browser: bool) -> "Screen":
    """The screen that suits a stream; only a terminal opens a browser, and only where a window can be."""
    if stream.isatty() and environ.get("TERM") != "dumb":
        return TerminalScreen(open_browser=browser and _has_display(environ))
    return PlainScreen(stream)


def _has_display(environ: Mapping[str, str]) -> bool:
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    return sys.platform in {"win32", "darwin"} or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def waiting(left: float, more: str = "") -> str:
    """What a login waits for, and for how long yet."""
    return f"Waiting for you to enter the code (expires in {_clock(max(left, 0))}).{more}"


class PlainScreen:
    """Plain lines, where the stream is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """Print one line; a closed stream does not stop the login."""
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)

    def show_code(self, code: str, url: str, expires_in: float) -> None:
        """The code and the address, each on a line of its own so that they are easily found."""
        self.say(f"Open {url}\nand enter the code\n\n    {code}\n")
        self.say(waiting(expires_in))

    async def wait(self, seconds: float, left: float) -> None:
        """Wait without a word; the code is good for the seconds that are `left`."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Nothing to leave."""


class TerminalScreen:
    """A panel with the code, and a spinner with the time left."""

    def __init__(self, *, open_browser: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        self._console = Console(stderr=True, highlight=False)
        self._open_browser = open_browser
        self._status: Status | None = None

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(text, markup=False)

    def show_code(self, code: str, url: str, expires_in: float) -> None:
        """The code in large, and GitHub's page opened for it."""
        from rich.align import Align  # noqa: PLC0415 - only a terminal needs it
        from rich.box import HEAVY  # noqa: PLC0415 - see above
        from rich.panel import Panel  # noqa: PLC0415 - see above
        from rich.text import Text  # noqa: PLC0415 - see above

        large = Text(f"\n{'  '.join(code)}\n", style="bold", justify="center")
        panel = Panel(large, box=HEAVY, title="enter this code", subtitle=url, width=64, padding=(1, 2))
        self._console.print(Align.center(panel) if self._console.width >= 80 else panel)
        if self._open_browser and _open_browser(url):
            self.say(f"GitHub's page has been opened in your browser: enter {code} there.")
        else:
            self.say(f"Open {url} in a browser, on this machine or another, and enter {code}.")
        self._status = self._console.status(waiting(expires_in, " Ctrl-C stops."))
        self._status.start()

    async def wait(self, seconds: float, left: float) -> None:
        """Count the time down."""
        while seconds > 0:
            if self._status is not None:
                self._status.update(waiting(left, " Ctrl-C stops."))
            await asyncio.sleep(min(seconds, 1.0))
            seconds, left = seconds - 1.0, left - 1.0

    def close(self) -> None:
        """End the spinner."""
        if self._status is not None:
            self._status.stop()
            self._status = None


Screen = PlainScreen | TerminalScreen


def _open_browser(url: str) -> bool:
    """Whether a browser took the address, which has to be of the web: whoever answers in GitHub's place chooses it.

    A browser is looked for and started elsewhere than in the working directory, which anybody may have written.
    """
    if not url.lower().startswith("https://"):
        return False
    with contextlib.suppress(webbrowser.Error, OSError), contextlib.chdir(ELSEWHERE), _silent():
        return webbrowser.open(url)
    return False


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Throw away what others write to our terminal."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
        saved = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
