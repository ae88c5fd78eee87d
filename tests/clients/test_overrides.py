"""What wins over a client's own settings."""

from pathlib import Path

import pytest

from passenger.clients.overrides import OVERRIDES, Overrides, overrides
from passenger.clients.plan import Machine

SECRET = "a-key-of-another-cloud"


def machine(home: Path, **environ: str) -> Machine:
    cwd = home / "work" / "project" / "deep"
    cwd.mkdir(parents=True, exist_ok=True)
    return Machine(home, environ, cwd)


def where(name: str, found: Machine) -> list[str]:
    return [conflict.where for conflict in overrides(name, found)]


@pytest.mark.parametrize(
    ("name", "variable"), [(name, variable) for name, one in OVERRIDES.items() for variable in one.variables]
)
def test_a_variable_of_the_shell_is_told_without_its_value(home: Path, name: str, variable: str) -> None:
    (conflict,) = overrides(name, machine(home, **{variable: SECRET}))
    assert (conflict.where, conflict.fix) == (f"${variable}", f"unset {variable}")
    assert SECRET not in str(conflict)


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, one in OVERRIDES.items() for file in one.project])
@pytest.mark.parametrize("above", [0, 1, 2])
def test_a_file_of_the_project_counts_where_one_of_the_words_stands_in_it(
    home: Path, name: str, file: str, above: int
) -> None:
    found = machine(home)
    path = [found.cwd, *found.cwd.parents][above] / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("nothing of interest")
    assert where(name, found) == []
    path.write_text(f"{OVERRIDES[name].words[0]} = {SECRET}")
    (conflict,) = overrides(name, found)
    assert conflict.where == str(path)
    assert SECRET not in str(conflict)


@pytest.mark.parametrize("name", OVERRIDES)
def test_what_stands_at_home_is_the_user_s_own_setting(home: Path, name: str) -> None:
    for file in OVERRIDES[name].project:
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(" ".join(OVERRIDES[name].words))
    assert where(name, machine(home)) == []
    assert where(name, Machine(home, {}, home)) == []


def test_what_a_company_manages_is_told_on_its_system_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    managed = tmp_path / "managed.json"
    managed.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://corp.example"}}')
    monkeypatch.setitem(
        OVERRIDES,
        "claude",
        Overrides(managed={"linux": (str(managed),)}, words=("ANTHROPIC_",)),
    )
    assert where("claude", machine(home)) == [str(managed)]
    assert where("claude", Machine(home, {}, home, "darwin")) == []


def test_a_word_within_another_does_not_count(home: Path) -> None:
    found = machine(home)
    (found.cwd / ".env").write_text("MY_GEMINI_API_KEY=x")
    assert where("gemini", found) == []
    (found.cwd / ".env").write_bytes(b"\xff\nGEMINI_API_KEY=x")
    assert where("gemini", found) == [str(found.cwd / ".env")]
