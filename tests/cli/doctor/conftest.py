"""A ward for each test."""

from pathlib import Path

import pytest

from passenger.simulator import Simulator
from tests.cli.doctor.bench import Ward


@pytest.fixture
def ward(simulator: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """A home without anything, and a login in the environment."""
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home)
    return Ward(simulator, home)
