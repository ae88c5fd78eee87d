"""Claude Code's wiring."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from passenger.clients.claude import launch
from passenger.clients.overrides import overrides
from passenger.clients.plan import Installed, Machine, Site
from passenger.copilot.model_cards import ModelCard
from tests.clients.sites import BASE, GPT, HAIKU, KEY, OPUS, site


def settings(at: Site) -> dict[str, Any]:
    (file,) = launch(at).files
    found: dict[str, Any] = json.loads(file.text)
    return found


def test_the_command_line_names_a_settings_file_alone(tmp_path: Path) -> None:
    made = launch(site(tmp_path))
    assert made.argv == ["claude", "--settings", str(tmp_path / "state/run/settings.json")]
    assert made.env == {}


def test_the_settings_as_they_are_for_a_claude(tmp_path: Path) -> None:
    assert settings(site(tmp_path)) == {
        "model": "claude-opus-4.6",
        "env": {
            "ANTHROPIC_BASE_URL": BASE,
            "ANTHROPIC_AUTH_TOKEN": KEY,
            "ANTHROPIC_API_KEY": "",
            "ANTHROPIC_MODEL": "claude-opus-4.6",
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "claude-opus-4.6",
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "claude-opus-4.6",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-4.5",
            "ANTHROPIC_SMALL_FAST_MODEL": "claude-haiku-4.5",
            "CLAUDE_CODE_SUBAGENT_MODEL": "claude-opus-4.6",
            "CLAUDE_CODE_AUTO_COMPACT_WINDOW": "168000",
            "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
            "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
            "ENABLE_TOOL_SEARCH": "true",
            "CLAUDE_CODE_USE_BEDROCK": "",
            "CLAUDE_CODE_USE_VERTEX": "",
            "CLAUDE_CODE_USE_FOUNDRY": "",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
    }


@pytest.mark.parametrize("version", ["2.1.197", "2.0.5", "2.1.329", ""])
def test_one_that_may_not_know_the_dots_gets_dashes(tmp_path: Path, version: str) -> None:
    old = Installed(tmp_path / "claude", version)
    found = settings(site(tmp_path, installed=old))
    assert (found["model"], found["env"]["ANTHROPIC_DEFAULT_HAIKU_MODEL"]) == ("claude-opus-4-6", "claude-haiku-4-5")
    assert found["env"]["CLAUDE_CODE_SUBAGENT_MODEL"] == "claude-opus-4-6"
    assert settings(site(tmp_path, installed=old, model=GPT))["model"] == "gpt-5.5", "it knows none of OpenAI's"


@pytest.mark.parametrize("version", ["2.1.330", "2.2.0", "3.0"])
def test_one_that_knows_them_gets_copilots_own_names(tmp_path: Path, version: str) -> None:
    new = Installed(tmp_path / "claude", version)
    assert settings(site(tmp_path, installed=new))["model"] == "claude-opus-4.6"


def test_dashes_that_are_an_alias_of_another_model_are_not_used(tmp_path: Path) -> None:
    catalog = (OPUS, msgspec.structs.replace(GPT, aliases=("claude-opus-4-6",)))
    old = Installed(tmp_path / "claude", "2.1.197")
    assert settings(site(tmp_path, installed=old, catalog=catalog))["model"] == "claude-opus-4.6"


def window(home: Path, model: ModelCard) -> dict[str, str]:
    env = settings(site(home, model=model))["env"]
    names = ("CLAUDE_CODE_AUTO_COMPACT_WINDOW", "CLAUDE_CODE_MAX_CONTEXT_TOKENS", "ANTHROPIC_CUSTOM_MODEL_OPTION")
    return {name: env[name] for name in names if name in env}


def test_it_compacts_before_copilots_limit_where_it_can_be_told_to(tmp_path: Path) -> None:
    assert window(tmp_path, OPUS) == {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "168000"}
    assert window(tmp_path, HAIKU) == {}, "it takes no window below 100,000"
    assert window(tmp_path, GPT) == {
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": "272000",
        "ANTHROPIC_CUSTOM_MODEL_OPTION": "gpt-5.5",
    }


def test_what_the_user_says_of_tool_search_stays(tmp_path: Path) -> None:
    env = settings(site(tmp_path, environ={"ENABLE_TOOL_SEARCH": "auto:5"}))["env"]
    assert env["ENABLE_TOOL_SEARCH"] == "auto:5"


def test_exported_variables_and_a_projects_settings_are_conflicts(tmp_path: Path) -> None:
    project = tmp_path / ".claude" / "settings.json"
    project.parent.mkdir()
    project.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://other.example"}}')
    environ = {"ANTHROPIC_API_KEY": "sk-secret", "ANTHROPIC_BASE_URL": ""}
    found = list(overrides("claude", Machine(tmp_path / "home", environ, tmp_path)))
    assert [one.where for one in found] == ["$ANTHROPIC_API_KEY", str(project)]
    assert found[0].fix == "unset ANTHROPIC_API_KEY"
    assert "secret" not in str(found)
    (at_home,) = overrides("claude", Machine(tmp_path, environ, tmp_path))
    assert at_home.where == "$ANTHROPIC_API_KEY", "what stands at home is the user's own setting"


def test_there_is_no_conflict_on_a_bare_machine(tmp_path: Path) -> None:
    assert list(overrides("claude", Machine(tmp_path, {}, tmp_path))) == []
