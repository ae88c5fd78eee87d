"""A name leads to one directory, below our own and beside those of the hosts."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.config.invocation import Invocation
from passenger.config.login_name import choose_name, home_of, login_hint, names_in, read_name, with_login
from passenger.config.problems import Problem
from passenger.config.profile import directory_of

HERE = Path("config")
PATHS = ["", ".", "..", "../work", "a/b", "a\\b", "work\n", "a.b"]
WORDS = ["Work", "-work", "_work", "a b", "é", "a" * 33, "con", "com1"]


@pytest.mark.proves("profiles")
@pytest.mark.parametrize("name", [*PATHS, *WORDS])
def test_what_is_no_plain_word_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        read_name(name)


@given(st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True) | st.text())
def test_whatever_is_a_name_is_one_directory_on_every_system(text: str) -> None:
    try:
        name = read_name(text)
    except ValueError:
        return
    assert home_of(HERE, name) == (HERE if text == "default" else HERE / "logins" / text)
    assert text == text.lower()
    assert not set(text) & set('\\/:*?"<>|.')


@pytest.mark.proves("profiles")
def test_no_name_and_no_host_share_a_directory() -> None:
    hosts = ("github.com", "octocorp.ghe.com", "localhost~8082", "logins", "profiles", "work")
    found = [directory_of(home_of(HERE, name), host) for name in (None, "work", "profiles", "logins") for host in hosts]
    for one, other in combinations(found, 2):
        assert one != other


@pytest.mark.parametrize(
    ("flag", "variable", "name"),
    [
        (None, None, None),
        (None, "", None),
        (None, "work", "work"),
        ("private", "work", "private"),
        ("default", "work", None),
        (None, "default", None),
    ],
)
def test_the_flag_wins_over_the_variable(flag: str | None, variable: str | None, name: str | None) -> None:
    assert choose_name(flag, {} if variable is None else {"PASSENGER_PROFILE": variable}) == name


@pytest.mark.parametrize(("flag", "where"), [(None, "PASSENGER_PROFILE"), ("", "--profile")])
def test_a_wrong_name_is_told_with_where_it_came_from(flag: str | None, where: str) -> None:
    problem = choose_name(flag, {"PASSENGER_PROFILE": "../x"})
    assert isinstance(problem, Problem)
    assert str(problem).startswith(f"{where}: must be")


def test_the_names_in_use_are_found(tmp_path: Path) -> None:
    assert names_in(tmp_path) == []
    for name in ("work", "home", "No name"):
        (tmp_path / "logins" / name).mkdir(parents=True)
    assert names_in(tmp_path) == ["home", "work"]


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
