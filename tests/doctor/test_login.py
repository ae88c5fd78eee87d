"""The login and the token that it gives."""

from http import HTTPStatus

import pytest

from passenger.simulator import Fault
from tests.doctor.bench import Ward

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
