"""The settings' names and defaults are a contract."""

from dataclasses import FrozenInstanceError, replace

import pytest

from passenger.config.schema import CREDENTIAL_URLS, DEFAULTS, KINDS, Config, CopilotSettings, GithubSettings

CONTRACT = {
    "github.device_code_url": "https://github.com/login/device/code",
    "github.oauth_token_url": "https://github.com/login/oauth/access_token",
    "github.copilot_token_url": "https://api.github.com/copilot_internal/v2/token",
    "github.copilot_models_url": "https://models.github.ai/catalog/models",
    "github.client_id": "Iv1.b507a08c87ecfe98",
    "copilot.api_base_url": "https://api.githubcopilot.com",
    "server.port": 8081,
    "server.host": "127.0.0.1",
}


@pytest.mark.parametrize(("name", "value"), CONTRACT.items())
def test_each_default_of_passenger_rs_is_kept(name: str, value: object) -> None:
    section, key = name.split(".")
    assert getattr(getattr(Config(), section), key) == value


@pytest.mark.parametrize("key", sorted(KINDS))
def test_each_default_passes_its_own_check(key: tuple[str, str]) -> None:
    assert KINDS[key].check(DEFAULTS[key]) == DEFAULTS[key]


def test_the_models_url_never_counts_as_one_that_bears_credentials() -> None:
    assert ("github", "copilot_models_url") not in CREDENTIAL_URLS


def test_the_defaults_know_themselves() -> None:
    config = Config()
    assert config.api_base_url_is_default
    assert config.copilot_models_url_is_default


def test_other_values_are_no_defaults() -> None:
    config = replace(
        Config(),
        copilot=CopilotSettings(api_base_url="https://corp.example"),
        github=GithubSettings(copilot_models_url="https://models.example"),
    )
    assert not config.api_base_url_is_default
    assert not config.copilot_models_url_is_default


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().server.port = 1  # type: ignore[misc]  # that it is refused is the point
