from pathlib import Path

import pytest

from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint, serve_command


@pytest.fixture
def used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which the name `work` has been used."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (Invocation().user_dir / "logins" / "work").mkdir(parents=True)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("profile", "hint"),
    [
        (None, "run `passenger login`"),
        ("default", "run `passenger login`"),
        ("work", "run `passenger login --profile work`"),
        ("wrok", "run `passenger login --profile wrok`, or did you mean --profile work?"),
        ("private", "run `passenger login --profile private`"),
        ("simulated", "run `passenger login --simulated`"),
    ],
)
def test_the_command_can_be_typed_as_it_stands(profile: str | None, hint: str) -> None:
    assert login_hint(Invocation(profile=profile, environ={})) == hint


def test_the_command_that_serves_names_the_profile() -> None:
    assert serve_command(Invocation(environ={})) == "passenger"
    assert serve_command(Invocation(environ={"PASSENGER_PROFILE": "work"})) == "passenger --profile work"
