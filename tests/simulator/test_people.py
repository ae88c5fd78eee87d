"""Several accounts of one simulator: nobody's token, quota or bill is another's."""

import pytest

from passenger.simulator import Simulator
from passenger.simulator.account import INSTALLATION_TOKEN, PERSONAL_INTEGRATION, PERSONAL_TOKEN, Account
from passenger.simulator.github import COPILOT_USER, EXCHANGE, USER
from passenger.simulator.server import BILL
from tests.simulator.client import EDITOR, Client, Response
from tests.simulator.test_device import begin, poll
from tests.simulator.test_device_page import BROWSER, open_page

PAID = "claude-opus-4.5"


async def ask_github(client: Client, route: str, token: str) -> Response:
    return await client.request("GET", route, {"Authorization": f"token {token}", "User-Agent": "test"})


async def copilot_token(client: Client, account: Account) -> str:
    token: str = (await ask_github(client, EXCHANGE, account.login_token)).json()["token"]
    return token


async def chat(client: Client, token: str, **headers: str) -> Response:
    client.token = token
    return await client.chat(model=PAID, headers=headers) if headers else await client.chat(model=PAID)


@pytest.fixture
def bob(sim: Simulator) -> Account:
    return sim.add_account("bob-simulated", plan="business")


async def test_each_login_is_of_one_account(sim: Simulator, client: Client, bob: Account) -> None:
    for account in (sim.account, bob):
        assert (await ask_github(client, USER, account.login_token)).json()["login"] == account.login
        assert (await ask_github(client, COPILOT_USER, account.login_token)).json()["copilot_plan"] == account.plan
    assert (await ask_github(client, USER, "ghu_simulated-login-0003")).status == 401


async def test_each_pays_for_what_it_has_asked(sim: Simulator, client: Client, bob: Account) -> None:
    token = await copilot_token(client, bob)
    assert (await chat(client, token)).status == 200
    assert (await chat(client, token)).status == 200
    assert (await chat(client, await copilot_token(client, sim.account))).status == 200
    assert (sim.account.bill.requests, bob.bill.requests) == (1, 2)
    assert bob.premium_used == 2 * sim.account.premium_used > 0
    told = (await client.request("GET", BILL)).json()["accounts"]
    assert [(one["login"], one["requests"]) for one in told] == [("octo-simulated", 1), ("bob-simulated", 2)]


async def test_what_one_loses_the_other_keeps(sim: Simulator, client: Client, bob: Account) -> None:
    tokens = [await copilot_token(client, account) for account in (sim.account, bob)]
    bob.revoke_tokens()
    bob.login_revoked = True
    assert [(await chat(client, token)).status for token in tokens] == [200, 401]
    assert (await ask_github(client, EXCHANGE, bob.login_token)).status == 401
    assert (await ask_github(client, EXCHANGE, sim.account.login_token)).status == 200


async def test_an_account_without_a_licence_gets_no_token(client: Client, bob: Account) -> None:
    bob.licensed = False
    refused = await ask_github(client, EXCHANGE, bob.login_token)
    assert refused.status == 403
    assert refused.json()["error_details"]["notification_id"] == "no_copilot_access"
    direct = await chat(client, bob.login_token)
    assert (direct.status, direct.body) == (403, b"unauthorized: not licensed to use Copilot\n")


async def test_who_says_yes_is_who_gets_logged_in(sim: Simulator, client: Client, bob: Account) -> None:
    sim.device.approve_after, sim.device.interval = 0, 0
    for login, account in (("bob-simulated", bob), ("", sim.account)):
        sim.approve(login)
        begun = (await begin(client)).json()
        assert (await poll(client, begun["device_code"])).json()["access_token"] == account.login_token


async def test_the_page_asks_who_is_logged_in_where_there_are_several(
    sim: Simulator, client: Client, bob: Account
) -> None:
    sim.device.interval = 0
    begun = (await begin(client)).json()
    page = (await open_page(client)).body.decode()
    assert "<option>octo-simulated</option><option>bob-simulated</option>" in page
    form = f"user_code={begun['user_code']}&login=bob-simulated&answer=yes".encode()
    headers = BROWSER | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.request("POST", "/login/device", headers, form)).status == 200
    assert (await poll(client, begun["device_code"])).json()["access_token"] == bob.login_token


async def test_the_page_of_a_single_account_asks_nothing(client: Client) -> None:
    await begin(client)
    assert b"<select" not in (await open_page(client)).body


async def test_an_installation_token_is_taken_as_it_is_and_never_exchanged(client: Client) -> None:
    assert (await chat(client, INSTALLATION_TOKEN)).status == 200
    for route in (EXCHANGE, USER):
        refused = await ask_github(client, route, INSTALLATION_TOKEN)
        assert (refused.status, refused.json()["message"]) == (403, "Resource not accessible by integration")


async def test_a_fine_grained_token_is_taken_from_one_integration_alone(client: Client) -> None:
    assert (await ask_github(client, EXCHANGE, PERSONAL_TOKEN)).status == 403
    client.token = PERSONAL_TOKEN
    for integration, status in ((PERSONAL_INTEGRATION, 200), ("vscode-chat", 400)):
        headers = {**EDITOR, "Authorization": f"Bearer {PERSONAL_TOKEN}", "Copilot-Integration-Id": integration}
        assert (await client.request("GET", "/models", headers)).status == status
