from pathlib import Path

import pytest

from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint, with_login


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


@pytest.mark.proves("profiles")
def test_another_command_is_for_the_same_login_and_settings_from_any_directory() -> None:
    assert with_login(Invocation(environ={}), "passenger logout --yes") == "passenger logout --yes"
    assert with_login(Invocation(environ={"PASSENGER_PROFILE": "work"}), "passenger") == "passenger --profile work"
    company = Invocation(environ={}, config_path=Path("my work.toml"), access_token_path=Path("/t.json"))
    settings = f"-c '{Path.cwd() / 'my work.toml'}' --access-token-path /t.json"
    assert with_login(company, "passenger logout --yes") == f"passenger logout --yes {settings}"
