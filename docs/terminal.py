"""Makes docs/terminal.svg: a real run of the demo and of two commands beside it, as a terminal shows them.

.venv/bin/python docs/terminal.py
"""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
PASSENGER = [sys.executable, "-m", "passenger"]
ASK = """curl -N http://127.0.0.1:8081/v1/chat/completions -H 'content-type: application/json' -d '{
    "model": "claude-sonnet-4.5", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'"""
MODELS = """curl -s http://127.0.0.1:8081/v1/models | grep -oE '"id":"(gpt-5|claude)[^"]*"' | head -4"""


def main() -> None:
    """Run it all and write the picture."""
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    environ = {**os.environ, "FORCE_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    command = [*PASSENGER, "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ, text=True) as demo:
        assert demo.stdout is not None  # it is a pipe
        show(console, "make demo", "".join(next(demo.stdout) for _ in range(4)))
        show(console, ASK, shorten(output(ASK)))
        show(console, MODELS, output(MODELS))
        demo.send_signal(signal.SIGTERM)
        log = [line for line in demo.stdout if "POST" in line]
        for line in log:
            console.print(next(iter(AnsiDecoder().decode(line.strip()))), overflow="ellipsis", no_wrap=True)
    (HERE / "terminal.svg").write_text(console.export_svg(title="Passenger", code_format=_format()))


def output(command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout


def shorten(stream: str) -> str:
    """The events of a stream, each cut to the width of the picture."""
    events = [line for line in stream.splitlines() if line]
    return "\n".join(line if len(line) < 110 else f"{line[:109]}…" for line in [*events[:4], "…", *events[-2:]])


def show(console: Console, command: str, said: str) -> None:
    """One prompt, what was typed, and what came back."""
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    console.print(Text(said.rstrip()))
    console.print()


def _format() -> str:
    """rich's picture without the web font it would fetch."""
    from rich._export_format import CONSOLE_SVG_FORMAT  # noqa: PLC0415 - rich offers no other way

    start, end = CONSOLE_SVG_FORMAT.index("@font-face"), CONSOLE_SVG_FORMAT.rindex("@font-face")
    end = CONSOLE_SVG_FORMAT.index("}}", end) + 2
    return CONSOLE_SVG_FORMAT[:start] + CONSOLE_SVG_FORMAT[end:]


if __name__ == "__main__":
    main()
