"""The tokenizer's process: how it is started, and the frames in which the server talks with it.

Neither the working directory nor a variable decides what it imports
(https://docs.python.org/3/using/cmdline.html#cmdoption-I): after its own standard library and packages it finds what
the server itself was imported from.
"""

import struct
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

import passenger

LENGTH = struct.Struct(">I")
"""What goes up before each question, a JSON list of texts."""

COUNT = struct.Struct(">Q")
"""What comes down for it."""

_RUN = "import sys; sys.path += sys.argv[1:]; from runpy import run_module; run_module({!r}, run_name='__main__')"

ELSEWHERE = Path(sys.executable).parent
"""Its working directory: one that exists, and is not the directory that Passenger was started in."""


def command(module: str) -> list[str]:
    """What starts a module of ours as a process."""
    return [sys.executable, "-I", "-c", _RUN.format(module), *dict.fromkeys(map(_home, (passenger, msgspec)))]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without the interpreter's own, which `-I` ignores and the children of the process would not."""
    return {name: value for name, value in environ.items() if not name.upper().startswith("PYTHON")}


def _home(package: object) -> str:
    """The directory that a package was imported from."""
    return str(Path(vars(package)["__file__"]).parents[1])
