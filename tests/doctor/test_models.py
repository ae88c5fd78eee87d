"""The list of models, the policies that hide some, and the user's own names."""

import pytest

from passenger.simulator import Fault
from tests.doctor.bench import Ward


async def test_models_that_a_policy_hides_are_named_with_the_page_that_turns_them_on(ward: Ward) -> None:
    chart = await ward.look("models")
    assert chart["models"].state == "ok"
    policies = chart["policies"]
    assert (policies.state, policies.see) == ("warn", "https://github.com/settings/copilot/features")
    assert "Grok Code Fast 1" in policies.text


async def test_where_all_terms_are_accepted_no_policy_hides_anything(ward: Ward) -> None:
    ward.simulator.account.enabled.add("grok-code-fast-1")
    assert (await ward.look("models"))["policies"].state == "ok"


@pytest.mark.parametrize(
    ("body", "words"),
    [('{"data": []}', "no chat model"), ("<html>", "not JSON"), (None, "web page")],
)
async def test_a_list_that_is_empty_or_no_list_fails(ward: Ward, body: str | None, words: str) -> None:
    ward.simulator.inject(Fault(body=body) if body else Fault(status=502), "/models", times=None)
    models = (await ward.look("models"))["models"]
    assert models.state == "fail"
    assert words in models.text


async def test_a_dead_alias_is_named_with_its_line_and_the_nearest_model(ward: Ward) -> None:
    ward.config += '[models.aliases]\nfast = "gpt-4.1"\nhaiku = "claude-haiku-4"\n'
    alias = (await ward.look("models"))["aliases"]
    assert alias.state == "warn"
    assert "haiku means claude-haiku-4" in alias.text
    assert "claude-haiku-4.5" in alias.text
    settings = ward.home / "settings.toml"
    line = settings.read_text().splitlines().index('haiku = "claude-haiku-4"') + 1
    assert alias.fix == f"${{EDITOR:-vi}} +{line} {settings}"


async def test_aliases_that_lead_somewhere_are_well(ward: Ward) -> None:
    ward.config += '[models.aliases]\nfast = "gpt-4.1"\n'
    assert (await ward.look("models"))["aliases"].state == "ok"
