"""What each service manager is told is the same."""

from pathlib import Path

import pytest

from passenger.services.definition import MARK, Definition, ForeignError, remove, write


def test_each_directory_is_named_once() -> None:
    config, state = Path("/c"), Path("/s")
    service = Definition(Path("/python"), config, state, writable=(config, Path("/t")))
    assert service.written == (config, state, Path("/t"))
    assert service.directory == state


TEXT = f"# {MARK}\n"


def test_a_file_is_written_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "systemd" / "user" / "passenger.service"
    write(path, TEXT)
    write(path, TEXT + "more\n")
    assert path.read_text() == TEXT + "more\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert remove(path)
    assert not remove(path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.proves("service")
@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_what_is_not_ours_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "passenger.service"
    match kind:
        case "file":
            path.write_text("[Unit]\n")
        case "link":
            (tmp_path / "target").write_text(TEXT)
            path.symlink_to(tmp_path / "target")
        case _:
            path.mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ForeignError):
        write(path, TEXT)
    with pytest.raises(ForeignError):
        remove(path)
    assert sorted(tmp_path.iterdir()) == before
