"""What each service manager is told is the same."""

from pathlib import Path

from passenger.services.definition import Definition


def test_each_directory_is_named_once() -> None:
    config, state = Path("/c"), Path("/s")
    service = Definition(Path("/python"), config, state, writable=(config, Path("/t")))
    assert service.written == (config, state, Path("/t"))
    assert service.directory == state
