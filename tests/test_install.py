"""Installed as people install it, the command starts from any directory; `make install` touches nobody's files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from passenger import __version__
from tests.proxy import environment, eventually
from tests.test_examples import clone

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
PATIENCE = 170


@dataclass(frozen=True)
class Machine:
    """A home of its own, in which installers put what they make, and uv's cache that all share."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
        path = os.pathsep.join([str(self.home / ".local" / "bin"), str(TOOLS), os.environ["PATH"]])
        return {**environment(self.home), **kept, "PATH": path, **self.variables}

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        done = subprocess.run(
            command,
            cwd=cwd or self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    cache = subprocess.run([TOOLS / "uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    return Machine(tmp_path_factory.mktemp("home"), {"UV_CACHE_DIR": cache})


def by_pip(machine: Machine) -> list[str | Path]:
    """`pip install .`; what it would take from the index is there already, by hash."""
    machine.run("uv", "venv", "--quiet", "--seed", "--python", sys.executable, "own")
    python, run = machine.home / "own" / "bin" / "python", ROOT / "requirements" / "run.txt"
    machine.run("uv", "pip", "install", "--quiet", "--python", python, "--require-hashes", "--no-deps", "-r", run)
    machine.run(python, "-m", "pip", "install", "--quiet", ".", cwd=ROOT)
    machine.run(python, "-m", "pip", "check")
    return [machine.home / "own" / "bin" / "passenger"]


def by_pipx(machine: Machine) -> list[str | Path]:
    machine.run("pipx", "install", ROOT)
    return [machine.home / ".local" / "bin" / "passenger"]


def by_uv(machine: Machine) -> list[str | Path]:
    places = Machine(machine.home, {**machine.variables, "UV_TOOL_BIN_DIR": str(machine.home / "uv")})
    places.run("uv", "tool", "install", "--quiet", ROOT)
    return [machine.home / "uv" / "passenger"]


def by_uvx(_: Machine) -> list[str | Path]:
    return [TOOLS / "uvx", "--quiet", "--from", ROOT, "passenger"]


@pytest.mark.proves("S")
@pytest.mark.parametrize("install", [by_pip, by_pipx, by_uv, by_uvx], ids=lambda one: one.__name__)
async def test_it_starts_from_any_directory(
    machine: Machine, tmp_path: Path, install: Callable[[Machine], list[str | Path]]
) -> None:
    command = install(machine)
    for name in ("passenger", "click", "httptools"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not the installed one')")
    assert machine.run(*command, "--version", cwd=tmp_path) == f"passenger {__version__}\n"
    with demo(machine, command, tmp_path) as process:
        url = await eventually(lambda: address(tmp_path / "said"))
        assert "Simulated gpt-4o here" in ask(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()


def demo(machine: Machine, command: list[str | Path], cwd: Path) -> subprocess.Popen[bytes]:
    with (cwd / "said").open("wb") as said:
        return subprocess.Popen(
            [*command, "demo", "--port", "0"], cwd=cwd, env=machine.env, stdout=said, stderr=subprocess.STDOUT
        )


def address(said: Path) -> str | None:
    found = [word for word in said.read_text().split() if word.startswith("http://") and word.endswith("/v1")]
    return found[0] if found else None


def ask(url: str) -> str:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_uvx_runs_what_the_directory_holds_now(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "src", copy / "src")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    version = copy / "src" / "passenger" / "__init__.py"
    command = (TOOLS / "uvx", "--quiet", "--from", copy, "passenger", "--version")
    assert machine.run(*command) == f"passenger {__version__}\n"
    version.write_text(version.read_text().replace(__version__, "77.0"))
    assert machine.run(*command) == "passenger 77.0\n"


# --- make install ------------------------------------------------------------------------------------------------


@dataclass
class Clone:
    """A clone in which everything is installed already, and the home of whoever says `make` there."""

    path: Path
    home: Path

    @property
    def link(self) -> Path:
        return self.home / ".local" / "bin" / "passenger"

    @property
    def program(self) -> Path:
        return self.path / ".venv" / "bin" / "passenger"

    def make(self, target: str, *, path: str = "/usr/bin:/bin") -> str:
        machine = Machine(self.home, {"PATH": path})
        return machine.run("make", target, cwd=self.path)


@pytest.fixture
def cloned(tmp_path: Path, home: Path) -> Clone:
    return Clone(clone(tmp_path / "clone"), home)


def test_make_install_links_the_command_and_says_so(cloned: Clone) -> None:
    said = cloned.make("install")
    assert cloned.link.readlink() == cloned.program
    assert f"linked {cloned.link}" in said
    assert f'export PATH="{cloned.link.parent}:$PATH"' in said
    again = cloned.make("install", path=f"{cloned.link.parent}:/usr/bin:/bin")
    assert again == "type: passenger\n"
    assert Machine(cloned.home).run(cloned.link, "--version") == f"passenger {__version__}\n"


def test_make_uninstall_takes_back_what_make_install_has_done(cloned: Clone) -> None:
    cloned.make("install")
    assert f"removed {cloned.link}" in cloned.make("uninstall")
    assert not cloned.link.is_symlink()
    assert not (cloned.path / ".venv").exists()
    assert Path(sys.executable).exists()
    cloned.make("uninstall")


def a_file(link: Path) -> None:
    link.write_text("#!/bin/sh\necho mine\n")


def a_directory(link: Path) -> None:
    link.mkdir()


def a_link_elsewhere(link: Path) -> None:
    link.symlink_to("/usr/bin/true")


def a_link_to_nothing(link: Path) -> None:
    link.symlink_to(link.parent / "gone" / "passenger")


@pytest.mark.parametrize(
    "put", [a_file, a_directory, a_link_elsewhere, a_link_to_nothing], ids=lambda one: one.__name__
)
def test_what_is_not_our_own_link_stays_as_it_is(cloned: Clone, put: Callable[[Path], None]) -> None:
    cloned.link.parent.mkdir(parents=True)
    put(cloned.link)
    before = looks(cloned.link)
    for target in ("install", "uninstall"):
        assert "stays as it is" in cloned.make(target)
        assert looks(cloned.link) == before
    assert list(cloned.link.parent.iterdir()) == [cloned.link]


def looks(link: Path) -> tuple[object, ...]:
    info = link.lstat()
    content = link.read_bytes() if link.is_file() and not link.is_symlink() else b""
    return (info.st_ino, info.st_mode, info.st_mtime_ns, str(link.readlink()) if link.is_symlink() else "", content)


def test_another_passenger_that_comes_first_is_named(cloned: Clone, tmp_path: Path) -> None:
    other = tmp_path / "other" / "passenger"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    said = cloned.make("install", path=f"{other.parent}:{cloned.link.parent}:/usr/bin:/bin")
    assert f"first on your PATH is another one: {other}" in said


def test_a_home_that_cannot_hold_the_link_is_said_and_no_failure(cloned: Clone) -> None:
    (cloned.home / ".local").write_text("a file")
    assert f"type {cloned.program}" in cloned.make("install")
