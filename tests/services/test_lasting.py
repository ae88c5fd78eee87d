"""A program in a cache or a temporary directory is no program for a service."""

from pathlib import Path

import pytest

from passenger.services.lasting import TAG, vanishing


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.mark.parametrize(
    "place",
    [
        "home/.cache/uv/archive-v0/abc",
        "home/.cache/pipx/0123",
        "home/Library/Caches/uv/archive-v0/abc",
        "elsewhere/uv/archive-v0/abc",
        "tmp/venv",
    ],
)
def test_it_vanishes(tmp_path: Path, place: str) -> None:
    environ = {"UV_CACHE_DIR": str(tmp_path / "elsewhere" / "uv")}
    assert vanishing(tmp_path / place, environ, tmp_path / "home")


@pytest.mark.parametrize(
    "place", ["home/.local/share/uv/tools/passenger", "home/.local/share/pipx/venvs/passenger", "home/clone/.venv"]
)
def test_it_lasts(tmp_path: Path, place: str) -> None:
    prefix = tmp_path / place
    prefix.mkdir(parents=True)
    (prefix / TAG).touch()  # uv marks each environment that it makes
    assert vanishing(prefix, {"UV_CACHE_DIR": ""}, tmp_path / "home") is None


def test_a_cache_that_says_so_is_one_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / TAG).touch()
    assert vanishing(tmp_path / "odd" / "venv", {}, tmp_path / "home") == tmp_path / "odd"


def test_a_link_is_followed(tmp_path: Path, temporary: Path) -> None:
    (temporary / "venv").mkdir(parents=True)
    (tmp_path / "link").symlink_to(temporary / "venv")
    assert vanishing(tmp_path / "link", {}, tmp_path / "home") == temporary
