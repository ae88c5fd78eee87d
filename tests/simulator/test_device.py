import urllib.parse

import pytest

from passenger.simulator import Simulator
from passenger.simulator.device import GRANT_TYPE, DeviceFlow
from tests.simulator.client import Client, Response, connected

APP = "Iv1.b507a08c87ecfe98"
ACCEPT = {"User-Agent": "tests", "Accept": "application/json", "Content-Type": "application/json"}


async def begin(client: Client, client_id: str = APP) -> Response:
    return await client.request("POST", "/login/device/code", ACCEPT, {"client_id": client_id, "scope": "read:user"})


async def poll(client: Client, code: str, client_id: str = APP, grant_type: str = GRANT_TYPE) -> Response:
    body = {"client_id": client_id, "device_code": code, "grant_type": grant_type}
    return await client.request("POST", "/login/oauth/access_token", ACCEPT, body)


def flow(approve_after: int = 1) -> tuple[DeviceFlow, dict[str, str]]:
    device = DeviceFlow("http://x", 5, approve_after, 900)
    answer = device.begin(APP, 0.0)
    assert answer is not None
    return device, {"client_id": APP, "device_code": str(answer["device_code"]), "grant_type": GRANT_TYPE}


async def test_a_login_is_pending_until_its_user_approves_and_every_answer_is_200() -> None:
    async with Simulator(device_interval=0, approve_after=2) as sim, connected(sim) as client:
        begun = (await begin(client)).json()
        assert begun["verification_uri"] == f"{sim.url}/login/device"
        assert begun["interval"] == 0
        answers = [await poll(client, begun["device_code"]) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert [answer.json().get("error") for answer in answers] == ["authorization_pending"] * 2 + [None]
        assert answers[-1].json() == {"access_token": sim.login_token, "scope": "", "token_type": "bearer"}
        assert (await poll(client, begun["device_code"])).json()["error"] == "incorrect_device_code"


def test_polling_faster_than_the_interval_adds_five_seconds_to_it() -> None:
    device, form = flow()
    assert device.poll(form, 5.0)["error"] == "authorization_pending"
    slowed = device.poll(form, 6.0)
    assert (slowed["error"], slowed["interval"]) == ("slow_down", 10)
    assert device.poll(form, 12.0)["error"] == "slow_down"
    assert "access_token" in device.poll(form, 27.0)


def test_a_poll_a_hair_too_early_is_forgiven() -> None:
    device, form = flow()
    device.poll(form, 5.0)
    assert "access_token" in device.poll(form, 9.9)


def test_a_code_ends_with_its_lifetime() -> None:
    device, form = flow()
    assert device.poll(form, 900.0)["error"] == "expired_token"


async def test_approval_and_denial_can_be_switched(sim: Simulator, client: Client) -> None:
    code = (await begin(client)).json()["device_code"]
    sim.deny()
    assert (await poll(client, code)).json()["error"] == "access_denied"
    sim.approve()
    other = (await begin(client)).json()["device_code"]
    assert (await poll(client, other)).json()["access_token"] == sim.login_token


async def test_codes_can_be_expired(sim: Simulator, client: Client) -> None:
    code = (await begin(client)).json()["device_code"]
    sim.device.expire()
    assert (await poll(client, code)).json()["error"] == "expired_token"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"device_code": "none"}, "incorrect_device_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "Ov23li8tweQw6odWQebz"}, "incorrect_client_credentials"),
    ],
)
def test_a_wrong_poll_is_told_what_is_wrong(change: dict[str, str], error: str) -> None:
    device, form = flow()
    assert device.poll(form | change, 5.0)["error"] == error


async def test_an_unknown_app_is_not_found(client: Client) -> None:
    answer = await begin(client, "nobody")
    assert (answer.status, answer.json()) == (404, {"error": "Not Found"})


async def test_without_accept_json_the_answer_is_a_form_and_a_form_is_understood(client: Client) -> None:
    form = urllib.parse.urlencode({"client_id": APP, "scope": "read:user"}).encode()
    headers = {"User-Agent": "tests", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.request("POST", "/login/device/code", headers, form)
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert urllib.parse.parse_qs(answer.body.decode())["user_code"] == ["SIMU-0001"]


@pytest.mark.parametrize(
    ("client_id", "token"),
    [("01ab8ac9400c4e429b23", "gho_simulated-vscode-0001"), ("178c6fc778ccc68e1d6a", "gho_simulated-gh-cli-0001")],
)
async def test_the_app_decides_the_token(sim: Simulator, client: Client, client_id: str, token: str) -> None:
    sim.approve()
    code = (await begin(client, client_id)).json()["device_code"]
    assert (await poll(client, code, client_id)).json()["access_token"] == token


def test_a_code_on_a_page_waits_for_its_person_however_often_it_is_polled() -> None:
    device, form = flow(approve_after=0)
    assert device.show(0.0) == ["SIMU-0001"]
    assert [device.poll(form, 10.0 * n)["error"] for n in range(1, 5)] == ["authorization_pending"] * 4
    assert device.decide("SIMU-0001", "approved", 45.0) == "approved"
    assert "access_token" in device.poll(form, 50.0)


def test_who_says_no_on_the_page_ends_the_login() -> None:
    device, form = flow()
    assert device.decide("SIMU-0001", "denied", 1.0) == "denied"
    assert device.poll(form, 5.0)["error"] == "access_denied"


@pytest.mark.parametrize(("code", "now"), [("SIMU-9999", 1.0), ("", 1.0), ("SIMU-0001", 900.0)])
def test_a_code_that_does_not_wait_cannot_be_decided(code: str, now: float) -> None:
    device, _ = flow()
    assert device.decide(code, "approved", now) is None


def test_a_code_is_decided_once() -> None:
    device, _ = flow()
    device.decide("SIMU-0001", "denied", 1.0)
    assert device.decide("SIMU-0001", "approved", 2.0) is None
    assert device.show(3.0) == []
