"""The command lines, variables and files of the clients that need little: seen with the real programs unless said."""

import json
import shlex
from pathlib import Path

import msgspec
import pytest

from passenger.clients.crush import launch as crush
from passenger.clients.plan import Plan
from passenger.clients.registry import CLIENTS
from passenger.copilot.model_cards import ModelCard
from tests.clients.sites import BASE, GPT, KEY, OPUS, PRO, site


def plan(name: str, home: Path, model: ModelCard = OPUS) -> Plan:
    launch = CLIENTS[name].launch
    assert launch is not None
    return launch(site(home, model=model))


def text(made: Plan) -> str:
    (file,) = made.files
    return file.text


@pytest.mark.parametrize(
    ("model", "kind", "env"),
    [
        (OPUS, "anthropic", {"ANTHROPIC_BASE_URL": BASE, "ANTHROPIC_API_KEY": KEY}),
        (GPT, "openai-responses", {"OPENAI_BASE_URL": f"{BASE}/v1", "OPENAI_API_KEY": KEY}),
        (PRO, "openai", {"OPENAI_BASE_URL": f"{BASE}/v1", "OPENAI_API_KEY": KEY}),
    ],
)
def test_qwen_code(tmp_path: Path, model: ModelCard, kind: str, env: dict[str, str]) -> None:
    made = plan("qwen", tmp_path, model)
    assert made.argv == ["qwen", "--auth-type", kind, "-m", model.id]
    assert made.env == {**env, "QWEN_USAGE_STATISTICS_ENABLED": "false"}


@pytest.mark.parametrize(
    ("model", "base", "kind", "wire"),
    [
        (OPUS, BASE, "anthropic", None),
        (GPT, f"{BASE}/v1", "openai", "responses"),
        (PRO, f"{BASE}/v1", "openai", "completions"),
    ],
)
def test_copilot_cli(tmp_path: Path, model: ModelCard, base: str, kind: str, wire: str | None) -> None:
    made = plan("copilot", tmp_path, model)
    assert made.argv == ["copilot"]
    assert made.env == {
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_PROVIDER_BASE_URL": base,
        "COPILOT_PROVIDER_API_KEY": KEY,
        "COPILOT_MODEL": model.id,
        "COPILOT_PROVIDER_TRANSPORT": "http",
        "COPILOT_PROVIDER_MAX_PROMPT_TOKENS": str(model.prompt),
        "COPILOT_PROVIDER_MAX_OUTPUT_TOKENS": str(model.output),
        "COPILOT_PROVIDER_TYPE": kind,
        **({"COPILOT_PROVIDER_WIRE_API": wire} if wire else {}),
    }


def test_pi(tmp_path: Path) -> None:
    made = plan("pi", tmp_path)
    file = tmp_path / "state/run/passenger.js"
    assert made.argv == ["pi", "-e", str(file), "--provider", "passenger", "--model", "claude-opus-4.6"]
    assert made.env == {"PASSENGER_KEY": KEY, "PI_SKIP_VERSION_CHECK": "1"}
    head, _, rest = text(made).partition('"passenger", ')
    assert head == "export default (pi) => pi.registerProvider("
    provider = json.loads(rest.removesuffix(");\n"))
    assert provider["apiKey"] == "$PASSENGER_KEY"
    assert [(one["id"], one["api"], one["baseUrl"]) for one in provider["models"]] == [
        ("claude-opus-4.6", "anthropic-messages", BASE),
        ("claude-haiku-4.5", "anthropic-messages", BASE),
        ("gpt-5.5", "openai-responses", f"{BASE}/v1"),
        ("gemini-2.5-pro", "openai-completions", f"{BASE}/v1"),
    ]


def test_droid(tmp_path: Path) -> None:
    made = plan("droid", tmp_path)
    assert made.argv == ["droid", "--settings", str(tmp_path / "state/run/settings.json")]
    found = json.loads(text(made))
    assert found["sessionDefaultSettings"] == {"model": "custom:claude-opus-4.6"}
    assert found["customModels"][0] == {
        "model": "claude-opus-4.6",
        "displayName": "Claude Opus 4.6 (Passenger)",
        "baseUrl": BASE,
        "apiKey": KEY,
        "provider": "anthropic",
        "maxOutputTokens": 32_000,
    }
    assert [one["provider"] for one in found["customModels"]][2:] == ["openai", "generic-chat-completion-api"]


def test_cline(tmp_path: Path) -> None:
    made = plan("cline", tmp_path)
    assert made.argv == ["cline", "--data-dir", str(tmp_path / "state/run/data")]
    assert made.files[0].path == tmp_path / "state/run/data/settings/providers.json"
    found = json.loads(text(made))
    assert found["lastUsedProvider"] == "openai-compatible"
    assert found["providers"]["openai-compatible"]["settings"] == {
        "provider": "openai-compatible",
        "apiKey": KEY,
        "model": "claude-opus-4.6",
        "baseUrl": f"{BASE}/v1",
    }


def test_continue(tmp_path: Path) -> None:
    made = plan("continue", tmp_path)
    assert made.argv == ["cn", "--config", str(tmp_path / "state/run/config.yaml")]
    models = json.loads(text(made))["models"]
    assert models[0]["apiBase"] == f"{BASE}/v1/"
    assert [(one["model"], one["provider"]) for one in models] == [
        ("claude-opus-4.6", "anthropic"),
        ("claude-haiku-4.5", "anthropic"),
        ("gpt-5.5", "anthropic"),
        ("gemini-2.5-pro", "openai"),
    ]


def test_aider(tmp_path: Path) -> None:
    made = plan("aider", tmp_path, PRO)
    assert made.argv == [
        *("aider", "--model", "openai/gemini-2.5-pro", "--weak-model", "anthropic/claude-haiku-4.5"),
        *("--model-metadata-file", str(tmp_path / "state/run/limits.json")),
        *("--no-check-update", "--analytics-disable"),
    ]
    assert made.env == {
        "ANTHROPIC_API_BASE": BASE,
        "OPENAI_API_BASE": f"{BASE}/v1",
        "ANTHROPIC_API_KEY": KEY,
        "OPENAI_API_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    assert json.loads(text(made))["openai/gemini-2.5-pro"]["max_input_tokens"] == 109_000


def test_goose_not_run(tmp_path: Path) -> None:
    made = plan("goose", tmp_path)
    assert not CLIENTS["goose"].is_run
    assert made.argv == ["goose"]
    assert made.env == {
        "GOOSE_PROVIDER": "openai",
        "GOOSE_MODEL": "claude-opus-4.6",
        "GOOSE_FAST_MODEL": "claude-haiku-4.5",
        "OPENAI_HOST": BASE,
        "OPENAI_API_KEY": KEY,
        "GOOSE_DISABLE_KEYRING": "1",
    }


def test_crush_not_run(tmp_path: Path) -> None:
    made = plan("crush", tmp_path)
    assert not CLIENTS["crush"].is_run
    assert made.argv == ["crush"]
    assert made.env["CRUSH_GLOBAL_CONFIG"] == str(tmp_path / "state/run/crush")
    assert text(made).splitlines()[:2] == [
        f'provider add passenger --type openai-compat --base-url {BASE}/v1 --api-key "$PASSENGER_KEY"',
        "model add passenger/claude-opus-4.6 --name 'Claude Opus 4.6' --context-window 200000",
    ]


def test_no_name_of_a_model_is_a_command_to_crush(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(OPUS, id="x; touch $HOME/y", name="a'; touch z; echo 'b\nc")
    lines = text(crush(site(tmp_path, model=odd, catalog=(odd,)))).splitlines()
    words = shlex.split("\n".join(lines[1:]))
    assert words[:3] == ["model", "add", "passenger/x; touch $HOME/y"]
    assert words[3:5] == ["--name", "a; touch z; echo b\nc"]
