"""What each setup writes, into files that are there and files that are not, and that all of it can be undone."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from passenger.clients.by_hand import BY_HAND, SAME
from passenger.clients.plan import Site
from passenger.clients.registry import ALL_SETUPS, CLIENTS, SETUPS
from passenger.clients.setup import Setup
from passenger.edits.edit import NO_KEY
from passenger.edits.journal import apply, plan, undo
from passenger.edits.receipts import Receipts
from tests.clients.sites import BASE, HAIKU, OPUS, site

KEY = "a key that is real"
CATALOG = json.dumps({"models": [{"slug": "gpt-5.5", "base_instructions": "You are Codex."}]})

WRITING = [setup for setup in ALL_SETUPS if setup.client.name not in {"copilot", "open-webui", "cline"}]
by_setup = pytest.mark.parametrize("setup", WRITING, ids=lambda setup: setup.client.name)

THEIRS: Mapping[str, str] = {
    ".claude/settings.json": '{\r\n  "env": {"ANTHROPIC_MODEL": "opus"},\r\n  "theme": "dark"\r\n}',
    ".codex/passenger.config.toml": 'model = "o3" # mine\n',
    ".gemini/settings.json": '{\n  // mine\n  "security": {"auth": {"selectedType": "oauth-personal"}}\n}\n',
    ".gemini/.env": "# mine\nGEMINI_API_KEY='theirs'",
    ".config/opencode/opencode.jsonc": '{\n  "$schema": "x", // mine\n  "model": "a/b",\n}\n',
    ".config/Code/User/chatLanguageModels.json": '[\n\t{ "name": "Other" }, // mine\n]\n',
    ".config/zed/settings.json": "// Zed settings\n{\n}\n",
    ".config/io.datasette.llm/extra-openai-models.yaml": "# mine\n- model_id: other\n  model_name: x\n",
    ".config/io.datasette.llm/keys.json": '{"// Note": "no secrets", "openai": "theirs"}',
    ".qwen/settings.json": '{"$version": 3, "security": {"auth": {"selectedType": "qwen-oauth"}}}',
    ".continue/config.yaml": (
        "name: Mine\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: Other # mine\n    provider: ollama\n"
    ),
    ".aider.conf.yml": "# mine\nmodel: sonnet\ndark-mode: true",
    ".pi/agent/models.json": '{"providers": {}}\n',
    ".factory/settings.json": '{"customModels": [{"displayName": "Other", "model": "x"}]}\n',
}
"""Files as their owners left them."""


def wired(home: Path, key: str = NO_KEY) -> Site:
    return site(home, key=key, directory=home / "state" / "files", ask=lambda _: CATALOG)


def fill(home: Path) -> None:
    for name, text in THEIRS.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def tree(home: Path) -> str:
    """What tells one tree of files from another."""
    found = sorted(path for path in home.rglob("*") if "receipts" not in path.parts)
    told = [(str(path), path.is_file() and path.read_bytes(), path.stat().st_mode) for path in found]
    return hashlib.sha256(repr(told).encode()).hexdigest()


@by_setup
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "there"])
def test_a_setup_a_second_one_and_its_undo(tmp_path: Path, setup: Setup, is_new: bool) -> None:
    if not is_new:
        fill(tmp_path)
    before, receipts = tree(tmp_path), Receipts(tmp_path / "receipts")
    apply(plan(setup.edits(wired(tmp_path)), receipts), receipts)
    after = tree(tmp_path)
    assert after != before
    changes = plan(setup.edits(wired(tmp_path)), receipts)
    assert all(change.is_none for change in changes)
    apply(changes, receipts)
    assert tree(tmp_path) == after
    assert not [one for one in undo(receipts) if one.left]
    assert (tmp_path / "state").exists() is False
    assert tree(tmp_path) == before


@by_setup
def test_a_real_key_stands_only_where_it_is_marked_as_one(tmp_path: Path, setup: Setup) -> None:
    for edit in setup.edits(wired(tmp_path, KEY)):
        assert edit.secret == (KEY in str(edit.value))


@by_setup
def test_a_proof_has_the_client_itself_ask_and_no_key_in_its_arguments(tmp_path: Path, setup: Setup) -> None:
    assert (setup.probe is None) == (setup.client.name in {"vscode", "zed"})
    if setup.probe is not None:
        command = setup.probe(wired(tmp_path, KEY))
        assert command[0] == setup.client.binaries[0]
        assert not [part for part in command if KEY in part]
        assert setup.agents
        assert all(agent == agent.casefold() for agent in setup.agents)
        assert setup.model_asked(wired(tmp_path)) in {OPUS.id, HAIKU.id}


def written(home: Path, name: str, file: str) -> str:
    receipts = Receipts(home / "receipts")
    apply(plan(SETUPS[name].edits(wired(home)), receipts), receipts)
    return (home / file).read_text()


def test_claude_code_gets_its_address_and_models_in_its_env_block(tmp_path: Path) -> None:
    found = json.loads(written(tmp_path, "claude", ".claude/settings.json"))
    assert found["model"] == OPUS.id
    assert found["env"]["ANTHROPIC_BASE_URL"] == BASE
    assert found["env"]["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == HAIKU.id
    assert "DISABLE_AUTOUPDATER" not in found["env"]


def test_codex_gets_a_profile_with_a_provider_and_its_own_catalogue(tmp_path: Path) -> None:
    found = tomllib.loads(written(tmp_path, "codex", ".codex/passenger.config.toml"))
    assert found["model_providers"]["passenger"] == {
        "name": "Passenger",
        "base_url": f"{BASE}/v1",
        "wire_api": "responses",
    }
    models = json.loads(Path(found["model_catalog_json"]).read_text())["models"]
    assert models[0]["slug"] == OPUS.id
    assert models[0]["base_instructions"] == "You are Codex."


def test_codex_as_the_default_keeps_what_else_stands_in_the_configuration(tmp_path: Path) -> None:
    file, theirs = tmp_path / ".codex" / "config.toml", '# mine\nmodel = "o3"\n\n[tui]\nnotifications = true\n'
    file.parent.mkdir()
    file.write_text(theirs)
    receipts, setup = Receipts(tmp_path / "receipts"), SETUPS["codex"].default
    assert setup is not None
    apply(plan(setup.edits(wired(tmp_path)), receipts), receipts)
    found = tomllib.loads(file.read_text())
    assert (found["model"], found["model_provider"], found["tui"]) == (OPUS.id, "passenger", {"notifications": True})
    assert found["model_providers"]["passenger"]["base_url"] == f"{BASE}/v1"
    assert not (file.parent / "passenger.config.toml").exists()
    undo(receipts)
    assert file.read_text() == theirs


def test_pi_as_the_default_starts_with_the_model(tmp_path: Path) -> None:
    setup, receipts = SETUPS["pi"].default, Receipts(tmp_path / "receipts")
    assert setup is not None
    apply(plan(setup.edits(wired(tmp_path)), receipts), receipts)
    found = json.loads((tmp_path / ".pi" / "agent" / "settings.json").read_text())
    assert found == {"defaultProvider": "passenger", "defaultModel": OPUS.id}


@pytest.mark.parametrize("name", [name for name, setup in SETUPS.items() if setup.default])
def test_the_file_by_which_a_default_is_known_is_written_by_nothing_else(name: str, tmp_path: Path) -> None:
    setup, site = SETUPS[name], wired(tmp_path)
    assert setup.default
    assert setup.default_file in {edit.file.name for edit in setup.default.edits(site)}
    assert setup.default_file not in {edit.file.name for edit in setup.edits(site)}


@pytest.mark.parametrize(("key", "text"), [("!a$b", "$!a$$b"), ("a!b", "a!b"), (NO_KEY, NO_KEY)])
def test_pi_takes_a_key_for_what_it_is(key: str, text: str, tmp_path: Path) -> None:
    edit = SETUPS["pi"].edits(wired(tmp_path, key))[1]
    assert edit.value == text
    assert edit.variable == "$PASSENGER_KEY"


def test_vs_code_gets_one_provider_beside_others(tmp_path: Path) -> None:
    found = json.loads(written(tmp_path, "vscode", ".config/Code/User/chatLanguageModels.json"))
    assert [entry["vendor"] for entry in found] == ["customendpoint"]
    urls = {model["id"]: model["url"] for model in found[0]["models"]}
    assert urls[OPUS.id] == f"{BASE}/v1/messages"
    assert urls["gpt-5.5"] == f"{BASE}/v1/responses"


def test_shell_clients_get_lines_without_the_key(tmp_path: Path) -> None:
    for name in ("copilot", "open-webui", "cline"):
        setup = SETUPS[name]
        text = "\n".join(setup.notes(wired(tmp_path, KEY)))
        assert not setup.edits(wired(tmp_path))
        assert f"{BASE}/v1" in text
        assert KEY not in text
        assert "$PASSENGER_KEY" in text


def test_what_can_be_launched_is_set_up_by_the_same_name() -> None:
    both = set(CLIENTS) & set(SETUPS)
    assert set(CLIENTS) - both == {"goose", "crush"}
    assert {name: SETUPS[name].client.title for name in both} == {name: CLIENTS[name].title for name in both}
    assert set(SAME.values()) <= {*SETUPS, *BY_HAND}


def test_no_name_is_both_written_and_by_hand() -> None:
    assert not set(SETUPS) & set(BY_HAND)
    assert {name for name, one in BY_HAND.items() if not one.can_be} == {"cursor", "warp", "amp"}


def test_an_old_key_of_anthropics_is_not_shown_and_not_put_back_beside_another_address(tmp_path: Path) -> None:
    file, receipts = tmp_path / ".claude" / "settings.json", Receipts(tmp_path / "receipts")
    file.parent.mkdir()
    file.write_text('{"env": {"ANTHROPIC_API_KEY": "sk-theirs", "ANTHROPIC_AUTH_TOKEN": "also theirs"}}')
    changes = plan(SETUPS["claude"].edits(wired(tmp_path)), receipts)
    assert not [change for change in changes if "theirs" in change.diff()]
    apply(changes, receipts)
    file.write_text(file.read_text().replace(BASE, "http://elsewhere.example"))
    (restored,) = undo(receipts)
    assert restored.withheld == ["env.ANTHROPIC_API_KEY", "env.ANTHROPIC_AUTH_TOKEN"]
    assert "theirs" not in file.read_text()
