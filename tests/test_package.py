"""What is built and shipped."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import passenger

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"


def tracked(below: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z", below], cwd=ROOT, capture_output=True, check=True, text=True)
    return {name for name in listed.stdout.split("\0") if name}


@pytest.mark.proves("S")
def test_the_wheel_holds_exactly_the_repositorys_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        assert f"Version: {passenger.__version__}" in wheel.read(metadata).decode()
        modes = {entry.filename: entry.external_attr >> 16 for entry in wheel.infolist()}
    assert names == {name.removeprefix("src/") for name in tracked("src")}
    assert not [name for name in modes if name.endswith((".pth", ".so", ".data/"))]
    assert not [name for name, mode in modes.items() if mode & 0o111 and not name.endswith("/")]


@pytest.mark.proves("S")
def test_the_source_distribution_holds_nothing_but_files_of_the_repository(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert names - tracked(".") == {"PKG-INFO"}
    assert tracked("src") <= names


def test_the_name_in_the_code_is_the_name_it_is_built_under() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == passenger.DISTRIBUTION


@pytest.mark.proves("S")
def test_every_requirement_is_pinned_by_hash_and_no_host_is_named() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "http" not in text.replace("httptools", "").replace("aiohttp", "").replace("httpx", "").replace(
            "httpcore", ""
        ), path.name
        requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert requirements
        assert all("==" in line and line.endswith("\\") for line in requirements), path.name


def test_a_core_install_stays_small() -> None:
    text = (ROOT / "requirements" / "run.txt").read_text()
    assert len([line for line in text.splitlines() if "==" in line]) <= 31


@pytest.mark.proves("S")
def test_importing_the_package_opens_no_socket() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a socket was opened')\n"
        "opening = lambda event: event.startswith('socket.') and event != 'socket.__new__'\n"
        "sys.addaudithook(lambda event, _: refuse() if opening(event) else None)\n"
        "import pkgutil, importlib, passenger\n"
        "names = [found.name for found in pkgutil.walk_packages(passenger.__path__, 'passenger.')]\n"
        "[importlib.import_module(name) for name in names if not name.endswith('__main__')]\n"
        "assert len(names) > 100\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_python_file_of_the_package_says_what_it_is() -> None:
    for name in tracked("src"):
        if name.endswith(".py"):
            assert (ROOT / name).read_text().startswith('"""'), name
