"""Gemini CLI's wiring."""

import json
from pathlib import Path
from typing import Any

from passenger.clients.gemini import JOBS, launch
from passenger.clients.plan import Plan, as_data, as_shell
from tests.clients.sites import BASE, KEY, site


def settings(made: Plan) -> dict[str, Any]:
    (file,) = made.files
    found: dict[str, Any] = json.loads(file.text)
    return found


def test_the_command_line_and_the_environment(tmp_path: Path) -> None:
    made = launch(site(tmp_path))
    assert made.argv == ["gemini", "-m", "claude-opus-4.6"]
    assert made.env == {
        "GEMINI_CLI_HOME": str(tmp_path / "state/run/home"),
        "GOOGLE_GEMINI_BASE_URL": BASE,
        "GEMINI_API_KEY": KEY,
    }


def test_its_own_jobs_ask_the_small_model(tmp_path: Path) -> None:
    overrides = settings(launch(site(tmp_path)))["modelConfigs"]["customOverrides"]
    assert {one["match"]["model"] for one in overrides} == set(JOBS)
    assert {one["modelConfig"]["model"] for one in overrides} == {"claude-haiku-4.5"}


def test_the_users_settings_stand_below_ours(tmp_path: Path) -> None:
    own = tmp_path / ".gemini" / "settings.json"
    own.parent.mkdir()
    own.write_text(
        '{"ui": {"theme": "GitHub"}, // mine\n "security": {"auth": {"selectedType": "oauth-personal", "x": 1}}}'
    )
    before = own.read_bytes()
    found = settings(launch(site(tmp_path)))
    assert found["ui"] == {"theme": "GitHub"}
    assert found["security"] == {"auth": {"selectedType": "gemini-api-key", "x": 1}}
    assert own.read_bytes() == before


def test_what_is_shown_of_the_users_settings_tells_no_text_of_his(tmp_path: Path) -> None:
    own = tmp_path / ".gemini" / "settings.json"
    own.parent.mkdir()
    servers = {"x": {"env": {"TOKEN": "word-1"}, "args": ["word-2", "--n"], "timeout": 9, "trust": True}}
    own.write_text(json.dumps({"mcpServers": servers, "security": {"auth": {"selectedType": "word-3", "y": "word-4"}}}))
    made = launch(site(tmp_path))
    assert "word-1" in made.files[0].text
    for text in (as_shell(made, [], KEY), json.dumps(as_data(made, [], KEY))):
        assert "word-" not in text
        assert "gemini-api-key" in text
        assert "mcpServers" in text
        assert "TOKEN" in text


def test_settings_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    own = tmp_path / ".gemini" / "settings.json"
    own.parent.mkdir()
    own.write_text('{"ui": ')
    made = launch(site(tmp_path))
    assert settings(made)["security"] == {"auth": {"selectedType": "gemini-api-key"}}
    assert str(own) in made.notes[0]


def test_all_else_of_the_users_is_linked_and_what_is_missing_is_kept(tmp_path: Path) -> None:
    users = tmp_path / ".gemini"
    (users / "commands").mkdir(parents=True)
    (users / "tmp").mkdir()
    (users / "GEMINI.md").write_text("be brief")
    (users / "settings.json").write_text("{}")
    links = {
        link.path.relative_to(tmp_path / "state/run/home/.gemini"): link.target for link in launch(site(tmp_path)).links
    }
    assert links == {
        Path("commands"): users / "commands",
        Path("GEMINI.md"): users / "GEMINI.md",
        Path("tmp"): users / "tmp",
        Path("history"): tmp_path / "state/kept/history",
    }


def test_the_users_own_place_for_it_is_heeded(tmp_path: Path) -> None:
    (tmp_path / "else" / ".gemini" / "skills").mkdir(parents=True)
    made = launch(site(tmp_path, environ={"GEMINI_CLI_HOME": str(tmp_path / "else")}))
    assert tmp_path / "else/.gemini/skills" in [link.target for link in made.links]
