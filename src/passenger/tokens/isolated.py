"""A Python of our own, started so that neither the working directory nor a variable decides what it imports.

See https://docs.python.org/3/using/cmdline.html#cmdoption-I. It finds what the server itself was made of wherever that
is installed, after its own standard library and packages.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

import passenger

_RUN = "import sys; sys.path += sys.argv[1:]; from runpy import run_module; run_module({!r}, run_name='__main__')"

ELSEWHERE = Path(sys.executable).parent
"""Where it works: a directory that is there, and that whoever wrote the working directory did not write."""


def command(module: str) -> list[str]:
    """What starts a module of ours as a process."""
    return [sys.executable, "-I", "-c", _RUN.format(module), *dict.fromkeys(map(_home, (passenger, msgspec)))]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without the interpreter's own, which `-I` ignores and the children of the process would not."""
    return {name: value for name, value in environ.items() if not name.upper().startswith("PYTHON")}


def _home(package: object) -> str:
    """The directory that a package was imported from."""
    return str(Path(vars(package)["__file__"]).parents[1])
