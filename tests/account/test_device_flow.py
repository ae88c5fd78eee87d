import json
from collections.abc import Mapping

import pytest

from passenger.account.device_flow import DeviceStep, Granted, Post, ShowCode, Wait, device_flow
from passenger.errors import Failure, Kind

CODE = {
    "device_code": "d",
    "user_code": "K7QX-2MPD",
    "verification_uri": "https://github.com/login/device",
    "expires_in": 899,
    "interval": 5,
}
PENDING = {"error": "authorization_pending"}
GRANTED = {"access_token": "ghu_fake", "token_type": "bearer", "scope": ""}
LOST = Failure(Kind.UNAVAILABLE, "no network")


def flow(*answers: Mapping[str, object] | bytes | Failure) -> tuple[list[DeviceStep], Granted | Failure]:
    """The steps that a flow takes when its requests are answered so, and how it ends."""
    steps: list[DeviceStep] = []
    left = list(answers)
    run = device_flow(client_id="Iv1.x", device_code_url="https://g/code", oauth_token_url="https://g/token")
    try:
        step = next(run)
        while True:
            steps.append(step)
            answer = left.pop(0) if isinstance(step, Post) else None
            if isinstance(answer, Failure):
                step = run.throw(answer)
            else:
                step = run.send(json.dumps(answer).encode() if isinstance(answer, Mapping) else answer)
    except StopIteration as end:
        granted: Granted = end.value
        return steps, granted
    except Failure as failure:
        return steps, failure


def waits(steps: list[DeviceStep]) -> list[float]:
    return [step.seconds for step in steps if isinstance(step, Wait)]


def test_a_login_shows_its_code_and_polls_at_githubs_interval() -> None:
    steps, end = flow(CODE, PENDING, PENDING, GRANTED)
    assert steps[1] == ShowCode("K7QX-2MPD", "https://github.com/login/device", 899)
    assert waits(steps) == [5, 5, 5]
    assert isinstance(end, Granted)
    assert end.token.reveal() == "ghu_fake"


def test_what_is_sent_is_what_rfc_8628_wants() -> None:
    steps, _ = flow(CODE, GRANTED)
    assert steps[0] == Post("https://g/code", {"client_id": "Iv1.x", "scope": "read:user"})
    assert steps[-1] == Post(
        "https://g/token",
        {"client_id": "Iv1.x", "device_code": "d", "grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
    )


@pytest.mark.proves("F16")
def test_slow_down_is_remembered() -> None:
    steps, _ = flow(CODE, {"error": "slow_down"}, PENDING, {"error": "slow_down", "interval": 20}, PENDING, GRANTED)
    assert waits(steps) == [5, 10, 10, 20, 20]


@pytest.mark.proves("F16")
@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("expired_token", "expired"),
        ("access_denied", "cancelled"),
        ("incorrect_device_code", "does not know"),
        ("incorrect_client_credentials", "client_id"),
        ("unsupported_grant_type", "oauth_token_url"),
        ("device_flow_disabled", "switched off"),
        ("something_new", "it says so"),
    ],
)
def test_every_ending_says_why_and_polls_no_more(error: str, text: str) -> None:
    steps, end = flow(CODE, PENDING, {"error": error, "error_description": "it says so"})
    assert isinstance(end, Failure)
    assert text in end.message
    assert "passenger login" not in end.message, "it may be another login, or made on the page"
    assert len(waits(steps)) == 2


def test_a_code_that_is_never_entered_expires_by_itself() -> None:
    steps, end = flow({**CODE, "expires_in": 20}, PENDING, PENDING, PENDING, PENDING)
    assert waits(steps) == [5, 5, 5, 5]
    assert isinstance(end, Failure)
    assert end.code == "expired_token"


def test_a_network_that_fails_while_polling_is_waited_out() -> None:
    _, end = flow(CODE, LOST, LOST, b"<html>captive portal</html>", PENDING, GRANTED)
    assert isinstance(end, Granted)


def test_a_network_that_fails_at_first_is_tried_again_and_then_named() -> None:
    steps, end = flow(LOST, LOST, CODE, GRANTED)
    assert isinstance(end, Granted)
    assert waits(steps)[:2] == [1, 2]
    _, end = flow(LOST, LOST, LOST, LOST)
    assert end is LOST


@pytest.mark.parametrize("body", [b'{"error":"Not Found"}', b"", b"<html>", b"{}"])
def test_an_app_that_github_does_not_know_is_named(body: bytes) -> None:
    _, end = flow(body)
    assert isinstance(end, Failure)
    assert "client_id" in end.message


DEEP = b'{"x": ' + b"[" * 100_000


def test_an_answer_that_is_nested_too_deeply_is_no_code_and_no_login_yet() -> None:
    _, end = flow(DEEP)
    assert isinstance(end, Failure)
    assert end.code == "login_failed"
    steps, end = flow(CODE, DEEP, GRANTED)
    assert isinstance(end, Granted)
    assert waits(steps) == [5, 5]


def test_an_interval_below_zero_does_not_prolong_the_code() -> None:
    steps, end = flow({**CODE, "interval": -5, "expires_in": 1}, PENDING, PENDING, GRANTED)
    assert isinstance(end, Granted)
    assert [(step.seconds, step.left) for step in steps if isinstance(step, Wait)] == [(0, 1)] * 3
