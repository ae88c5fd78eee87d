"""Started where somebody else has put modules, and under somebody else's variables: none of them is ever run."""

import functools
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from passenger.simulator import Simulator
from tests.proxy import eventually, spawn
from tests.server.bench import Bench, asking, bench

SCRIPT = Path(sys.executable).with_name("passenger")
"""The installed command."""


@functools.cache
def names() -> frozenset[str]:
    """What anything may ever want to import."""
    others = ("passenger", "sitecustomize", "usercustomize", "regex", "tiktoken_ext", "startup")
    return frozenset({*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *others})


LEAVE_A_MARK = "import posix\nposix.close(posix.open({!r}, posix.O_CREAT | posix.O_WRONLY))\n"


class Trap:
    """A directory full of modules, each of which leaves a mark when it is run."""

    def __init__(self, root: Path, home: Path) -> None:
        self.marks, self.home = root / "marks", home
        self.marks.mkdir()
        for name in names():
            (home / f"{name}.py").write_text(LEAVE_A_MARK.format(str(self.marks / name)))

    @property
    def sprung(self) -> set[str]:
        return {mark.name for mark in self.marks.iterdir()}

    def reset(self) -> None:
        for mark in self.marks.iterdir():
            mark.unlink()

    def variables(self) -> dict[str, str]:
        """The interpreter's own variables as somebody hostile would set them."""
        here = str(self.home)
        return {
            "PYTHONPATH": here,
            "PYTHONHOME": here,
            "PYTHONUSERBASE": here,
            "PYTHONSTARTUP": f"{here}/startup.py",
            "PYTHONINSPECT": "1",
            "PYTHONWARNINGS": "error::tiktoken.Warning",
            "PYTHONBREAKPOINT": "tiktoken.breakpoint",
            "PYTHONPYCACHEPREFIX": here,
        }


@pytest.fixture
def trap(tmp_path: Path, home: Path) -> Trap:
    return Trap(tmp_path, home)


def test_the_trap_is_one(trap: Trap) -> None:
    # A file: before what `-c` is told, Python 3.13 imports `linecache`, and ends where that is a trap.
    (trap.home / "asked.py").write_text("import tiktoken")
    subprocess.run([sys.executable, "asked.py"], cwd=trap.home, check=False)
    assert "tiktoken" in trap.sprung
    trap.reset()
    subprocess.run([sys.executable, "-c", ""], env={"PYTHONPATH": str(trap.home)}, check=False)
    assert "encodings" in trap.sprung


TEXT = "Hello there, how many tokens are these?"
MESSAGES = [{"role": "user", "content": TEXT}]
CONTENTS = [{"role": "user", "parts": [{"text": TEXT}]}]
POSTS: Mapping[str, Mapping[str, object]] = {
    "/v1/chat/completions": asking(TEXT),
    "/v1/completions": {"model": "gpt-4o", "prompt": TEXT},
    "/v1/responses": {"model": "gpt-4o", "input": TEXT},
    "/v1/messages": {"model": "gpt-4o", "max_tokens": 99, "messages": MESSAGES},
    "/v1/messages/count_tokens": {"model": "gpt-4o", "messages": MESSAGES},
    "/v1beta/models/gpt-4o:generateContent": {"contents": CONTENTS},
    "/v1beta/models/gpt-4o:countTokens": {"contents": CONTENTS},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": [[1, 2, 3]]},
    "/api/chat": {"model": "gpt-4o", "messages": MESSAGES},
    "/api/embed": {"model": "text-embedding-3-small", "input": TEXT},
}
GETS = ("/v1/models", "/v1beta/models", "/api/tags", "/health", "/livez", "/readyz", "/")


async def ask_everything(own: Bench) -> None:
    """One request of each kind, from each worker most likely; the counts are counts and no guesses."""
    headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}
    for path, body in [*POSTS.items(), *POSTS.items()]:
        answer = await own.send("POST", path, data=json.dumps(body), headers=headers)
        assert answer.status == 200, (path, answer.body)
    for path in GETS:
        assert (await own.get(path)).status == 200, path
    assert (await own.stream()).status == 200
    assert not own.proxy.logged("guess")


@pytest.mark.proves("S", "T7")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serving_runs_nothing_of_the_directory_that_it_is_started_in(
    tmp_path: Path, trap: Trap, workers: str
) -> None:
    async with bench(tmp_path, "--workers", workers, program=(str(SCRIPT),)) as own:
        await ask_everything(own)
    assert trap.sprung == set()


@pytest.mark.proves("S", "T7")
async def test_what_an_isolated_interpreter_starts_is_isolated_too(tmp_path: Path, trap: Trap) -> None:
    async with bench(tmp_path, program=("-I", str(SCRIPT)), env=trap.variables()) as own:
        await ask_everything(own)
    assert trap.sprung == set()


@pytest.mark.proves("S", "T7")
async def test_started_as_a_module_it_runs_nothing_that_the_interpreter_has_not_run_before_it(
    tmp_path: Path, trap: Trap
) -> None:
    for name in {"passenger", *_imported_before(tmp_path)} & names():
        (trap.home / f"{name}.py").unlink()
    async with bench(tmp_path) as own:
        await ask_everything(own)
    assert trap.sprung == set()


def _imported_before(directory: Path) -> set[str]:
    """What `python -m` imports before what it was told to run; only `-P` or `-I` could keep it from looking here."""
    (directory / "harmless.py").write_text("import sys; print(*sys.modules)")
    done = subprocess.run([sys.executable, "-m", "harmless"], cwd=directory, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


COMMANDS: Mapping[str, Sequence[str]] = {
    "help": ["--help"],
    "version": ["--version"],
    "login": ["login", "--no-browser"],
    "refresh": ["refresh"],
    "config": ["config", "show", "--json"],
    "usage": ["--port", "none"],
}


@pytest.mark.proves("S", "T7")
@pytest.mark.parametrize("isolated", [False, True], ids=["script", "isolated"])
async def test_no_other_command_does_either(simulator: Simulator, trap: Trap, *, isolated: bool) -> None:
    settings = trap.home / "settings.toml"
    settings.write_text(simulator.config_toml())
    program = ("-I", str(SCRIPT)) if isolated else (str(SCRIPT),)
    env = trap.variables() if isolated else {}
    for name, arguments in COMMANDS.items():
        process = await spawn(trap.home, ["-c", str(settings), *arguments], env, program=program)
        assert await process.ended() == (2 if name == "usage" else 0), process.lines
    assert trap.sprung == set()


@pytest.mark.proves("S", "T7")
@pytest.mark.parametrize("command", ["demo", "simulate"])
async def test_neither_do_those_that_serve_a_simulation(trap: Trap, command: str) -> None:
    with (trap.home.parent / "out").open("w+b") as out:
        process = subprocess.Popen([SCRIPT, command, "--port", "0"], cwd=trap.home, stdout=out, env=_clean(trap.home))
        try:
            await eventually(lambda: b"http://127.0.0.1:" in (trap.home.parent / "out").read_bytes())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
    assert trap.sprung == set()


def _clean(home: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {"HOME": str(home)}
