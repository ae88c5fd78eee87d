"""The login and the token that it gives."""

from http import HTTPStatus

import pytest

from passenger.simulator import Fault
from tests.cli.doctor.bench import Ward

EXCHANGE = "/copilot_internal/v2/token"


async def test_a_login_that_gives_a_token_is_well(ward: Ward) -> None:
    chart = await ward.look("login")
    assert chart["login"].state == chart["token"].state == "ok"
    assert "COPILOT_GITHUB_TOKEN" in chart["login"].text
    assert "good for" in chart["token"].text


async def test_without_a_login_the_command_that_makes_one_is_told(ward: Ward) -> None:
    del ward.environ["COPILOT_GITHUB_TOKEN"]
    chart = await ward.look("login", "seat", "models")
    assert (chart["login"].state, chart["login"].fix) == ("fail", "passenger login")
    assert chart["token"].state == chart["seat"].state == "skip"
    assert {chart[name].state for name in ("models", "policies", "aliases")} == {"skip"}


async def test_a_token_that_no_exchange_takes_is_taken_out_of_the_environment(ward: Ward) -> None:
    ward.environ["COPILOT_GITHUB_TOKEN"] = "ghp_made-up"
    chart = await ward.look("login")
    assert (chart["login"].state, chart["login"].fix) == ("fail", "unset COPILOT_GITHUB_TOKEN")
    assert "ghp_" not in chart["login"].text


async def test_a_login_that_was_revoked_is_to_be_made_anew(ward: Ward) -> None:
    ward.simulator.revoke_login()
    token = (await ward.look("login"))["token"]
    assert (token.state, token.fix) == ("fail", "passenger login")


@pytest.mark.parametrize("status", [HTTPStatus.BAD_GATEWAY, HTTPStatus.TOO_MANY_REQUESTS])
async def test_an_exchange_that_is_down_is_told_and_no_new_login_asked_for(ward: Ward, status: HTTPStatus) -> None:
    ward.simulator.inject(Fault(status=int(status)), EXCHANGE, times=None)
    token = (await ward.look("login"))["token"]
    assert (token.state, token.fix, token.see) == ("fail", None, "https://www.githubstatus.com")


async def test_a_login_file_that_is_a_directory_is_told_as_it_is(ward: Ward) -> None:
    del ward.environ["COPILOT_GITHUB_TOKEN"]
    async with ward.facts() as facts:
        facts.token_files[0].mkdir(parents=True, mode=0o700)
    chart = await ward.look("login", "files")
    assert chart["login"].state == "fail"
    assert "plain file" in chart["login"].text
    (found,) = [one for one in chart.all("files") if "no plain file" in one.text]
    assert found.fix is not None
    assert found.fix.startswith("mv ")


@pytest.mark.parametrize(
    ("plan", "name"),
    [("individual", "Copilot Pro"), ("business", "Copilot Business"), ("free", "Copilot Free")],
)
async def test_the_account_and_its_plan_are_told(ward: Ward, plan: str, name: str) -> None:
    ward.simulator.account.plan = plan
    seat = (await ward.look("seat"))["seat"]
    assert (seat.state, seat.text) == ("ok", f"octo-simulated, {name}")


async def test_an_account_without_a_seat_is_shown_the_page_where_it_gets_one(ward: Ward) -> None:
    ward.simulator.inject(Fault(code="no_copilot_access"), "/copilot_internal/v2/token", times=None)
    chart = await ward.look("seat", "login")
    assert (chart["seat"].state, chart["seat"].see) == ("fail", "https://github.com/settings/copilot")
    assert "no Copilot token" in chart["seat"].text
    assert chart["token"].state == "fail"


async def test_where_only_the_name_cannot_be_had_it_is_a_warning(ward: Ward) -> None:
    ward.simulator.inject(Fault(status=502), "/copilot_internal/user", times=None)
    assert (await ward.look("seat"))["seat"].state == "warn"


async def test_what_is_left_and_when_it_renews_is_told(ward: Ward) -> None:
    quota = (await ward.look("seat"))["quota"]
    assert (quota.state, quota.text) == ("ok", "premium_interactions: 300 of 300 left, until 2026-12-01")


@pytest.mark.parametrize(("permitted", "state"), [(True, "warn"), (False, "fail")])
async def test_a_quota_that_is_used_up_fails_unless_more_is_billed(ward: Ward, *, permitted: bool, state: str) -> None:
    ward.simulator.account.premium_used = 300
    ward.simulator.account.overage_permitted = permitted
    quota = (await ward.look("seat"))["quota"]
    assert (quota.state, quota.see) == (state, "https://github.com/settings/copilot")


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
