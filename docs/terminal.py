"""Makes docs/terminal.svg: a real run of `passenger launch claude --demo`, from the first line to the bill.

.venv/bin/python -m docs.terminal

It needs tmux. Claude Code is the one on the PATH, else it is installed where `python -m clients` keeps its programs.
"""

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from clients.install import cache, installed
from clients.programs.claude_code import PROGRAM
from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("terminal.svg")
COLUMNS, LINES = 104, 22
PATIENCE = 60.0
"""Seconds that the terminal may take to show what is waited for."""
LOOK = 0.2
"""Seconds between two looks at it."""
STILL = 8
"""Looks in which nothing has moved, before it counts as still."""

LAUNCH = "passenger launch claude --demo"
ASK = "Please read note.txt"
NOTE = "The 8:15 to Lyon leaves from platform 9. Bring the tickets."
SEEN = {"hasCompletedOnboarding": True, "hasSeenAutoDefaultNotice": True}
"""What Claude Code explains to a new user is left out."""
TMUX = "set -g status off\nset -g focus-events on\nset -g default-terminal tmux-256color\n"
CHOSEN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
"""Before what is chosen, and before what is typed."""
PROMPT = {"PS1": r"\[\e[1;32m\]$\[\e[39m\] ", "PS0": r"\e[0m"}
"""What is typed is bold, what comes back is not."""
DRAWN_AS = str.maketrans({"⏵": "►"})
"""Signs that many fonts for terminals do not have."""
FONTS = "Fira Code, Menlo, Consolas, DejaVu Sans Mono, monospace"


def main() -> None:
    """Run it, and write the picture."""
    claude = shutil.which("claude") or asyncio.run(installed(PROGRAM, cache()))
    with TemporaryDirectory() as home:
        project = _furnish(Path(home))
        with _terminal(Path(home), project, Path(claude).parent) as terminal:
            working, after = _play(terminal)
        picture = _draw(_compose(working, after))
        if home in picture:
            raise SystemExit("the picture shows a path of this machine")
    PICTURE.write_text(picture, encoding="utf-8")


# --- the terminal ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terminal:
    """A terminal that is typed into and looked at."""

    tmux: Sequence[str]

    def type(self, text: str) -> None:
        """Type a line; Enter comes when the rest is seen, as it would else be taken for a part of what is pasted."""
        self("send-keys", "-l", text)
        self.until(re.escape(text))
        self("send-keys", "Enter")

    def until(self, pattern: str, key: str = "") -> None:
        """Wait until it shows what matches; a key is pressed again and again: it may come before anybody listens."""
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, said := self("capture-pane", "-p", "-J"), re.MULTILINE):
            if time.monotonic() > end:
                raise SystemExit(f"the terminal does not show {pattern!r} but\n{said.rstrip()}")
            if key:
                self("send-keys", key)
            time.sleep(LOOK)

    def settle(self) -> None:
        """Wait until nothing moves any more."""
        seen: list[str] = []
        end = time.monotonic() + PATIENCE
        while len(seen) < STILL or len(set(seen[-STILL:])) > 1:
            if time.monotonic() > end:
                raise SystemExit("the terminal does not come to rest")
            seen.append(self("capture-pane", "-p"))
            time.sleep(LOOK)

    def end(self) -> None:
        """End all that runs in it, and wait for that."""
        session = self("display-message", "-p", "#{pane_pid}").strip()
        self("kill-server")
        end = time.monotonic() + PATIENCE
        while subprocess.run(["pgrep", "-s", session], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            if time.monotonic() > end:
                raise SystemExit("what ran in the terminal does not end")
            time.sleep(LOOK)

    def look(self) -> list[Text]:
        """Its lines with their colours, those that it has broken as one."""
        return list(AnsiDecoder().decode(self("capture-pane", "-p", "-e", "-J").rstrip().translate(DRAWN_AS)))

    def __call__(self, *command: str) -> str:
        """Have tmux do something, and give what it prints."""
        return subprocess.run([*self.tmux, *command], capture_output=True, text=True, check=True, timeout=10).stdout


def _furnish(home: Path) -> Path:
    """The directory to work in, below the home of somebody who has used Claude Code before."""
    (home / ".claude.json").write_text(json.dumps(SEEN))
    (home / "tmux.conf").write_text(TMUX)
    project = home / "project"
    project.mkdir()
    (project / "note.txt").write_text(NOTE)
    return project


@contextmanager
def _terminal(home: Path, project: Path, programs: Path) -> Iterator[Terminal]:
    """A shell in a terminal that knows nothing of ours but where the programs are; all in it ends with it."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(programs), os.environ["PATH"]])
    environ = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "COLORTERM": "truecolor", **PROMPT}
    tmux = ["tmux", "-u", "-S", str(home / "tmux"), "-f", str(home / "tmux.conf")]
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    start = [*tmux, "new-session", "-d", *size, "-c", str(project), "bash", "--norc", "--noprofile"]
    subprocess.run(start, env={**environ, "TERM": "xterm-256color"}, check=True, timeout=10)
    terminal = Terminal(tmux)
    try:
        yield terminal
    finally:
        terminal.end()


def _play(terminal: Terminal) -> tuple[list[Text], list[Text]]:
    """Launch, ask, and quit: what the terminal shows when the answer is there, and what at the end."""
    terminal.until(r"^\$")
    terminal.type(LAUNCH)
    terminal.until(r"No, exit")
    terminal.until(rf"{CHOSEN} Yes", key="Down")
    terminal.settle()
    terminal("send-keys", "Enter")
    terminal.until(rf"^{CHOSEN}")
    terminal.settle()
    terminal.type(ASK)
    terminal.until(rf"● .*{re.escape(NOTE)}[\s\S]*done")
    terminal.settle()
    working = terminal.look()
    terminal.type("/exit")
    terminal.until(r"^Claude Code: .*\n\$")
    return working, terminal.look()


# --- the picture -------------------------------------------------------------------------------------------------


def _compose(working: list[Text], after: list[Text]) -> list[Text]:
    """The client's screen where it was: after what was said before it, and before what was said at its end."""
    began = next(at for at, line in enumerate(after) if _is_empty(line))
    return _closer([*after[:began], Text(), *working, Text(), *after[began:]])


def _closer(lines: list[Text]) -> list[Text]:
    """The lines, of those that are empty only one at a time."""
    runs = [(empty, list(run)) for empty, run in groupby(lines, key=_is_empty)]
    return [line for empty, run in runs for line in (run[:1] if empty else run)]


def _is_empty(line: Text) -> bool:
    return not line.plain.strip()


def _draw(lines: list[Text]) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line)
    return console.export_svg(title="~/project", code_format=_format(), unique_id="passenger")


def _format() -> str:
    """rich's picture with fonts that readers have, and without the one that it would fetch."""
    from rich._export_format import CONSOLE_SVG_FORMAT  # noqa: PLC0415 - rich offers no other way

    start, end = CONSOLE_SVG_FORMAT.index("@font-face"), CONSOLE_SVG_FORMAT.rindex("@font-face")
    end = CONSOLE_SVG_FORMAT.index("}}", end) + 2
    return (CONSOLE_SVG_FORMAT[:start] + CONSOLE_SVG_FORMAT[end:]).replace("Fira Code, monospace", FONTS)


if __name__ == "__main__":
    main()
