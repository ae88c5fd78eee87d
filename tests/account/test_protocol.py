import json

import pytest

from passenger.account import protocol
from passenger.config.schema import CopilotSettings
from passenger.errors import Failure, Kind
from passenger.secret import Secret

EDITOR = protocol.EditorHeaders("vscode/1", "copilot-chat/1", "GitHubCopilotChat/1", "vscode-chat", "2026-06-01")


def test_the_exchange_has_its_own_api_version_and_authenticates_by_the_login() -> None:
    headers = protocol.exchange_headers(EDITOR, Secret("ghu_x"))
    assert headers["Authorization"] == "token ghu_x"
    assert headers["X-GitHub-Api-Version"] == "2025-04-01"


# --- grants ------------------------------------------------------------------------------------------------------

GRANT = {"token": "t", "expires_at": 1790003600, "refresh_in": 1500, "endpoints": {"api": "https://api.x"}, "sku": "s"}


def test_a_grant_is_read_with_its_host_and_githubs_clock() -> None:
    grant = protocol.read_grant(json.dumps(GRANT).encode(), {"date": "Mon, 21 Sep 2026 14:13:20 GMT"})
    assert (grant.token.reveal(), grant.expires_at, grant.refresh_in) == ("t", 1790003600, 1500)
    assert (grant.api, grant.sku) == ("https://api.x", "s")
    assert grant.server_time == 1790000000


@pytest.mark.parametrize("refresh_in", ["soon", None, [], {}])
def test_a_refresh_time_that_is_no_number_is_as_good_as_none(refresh_in: object) -> None:
    body = json.dumps({**GRANT, "refresh_in": refresh_in}).encode()
    assert protocol.read_grant(body, {"date": "yesterday"}).refresh_in is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>log in to the hotel</html>", b"[]", b'{"token":"t"}', b'{"token":"","expires_at":1}', b"\xff"]
)
def test_what_is_no_grant_is_a_failure_of_the_upstream(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        protocol.read_grant(body, {})
    assert caught.value.kind is Kind.UPSTREAM


@pytest.mark.parametrize("prefix", ["ghp_", "ghr_"])
def test_tokens_that_nobody_takes_are_known_by_their_prefix(prefix: str) -> None:
    assert protocol.why_unusable(Secret(prefix + "x"), "copilot-developer-cli")


def test_a_fine_grained_token_needs_another_integration_than_ours() -> None:
    token = Secret("github_pat_x")
    assert "[copilot] integration_id" in (protocol.why_unusable(token) or "")
    assert "[copilot] integration_id" in (protocol.why_unusable(token, CopilotSettings().integration_id) or "")
    assert protocol.why_unusable(token, "copilot-developer-cli") is None


@pytest.mark.parametrize(
    ("text", "as_it_is", "of_organisation"),
    [("ghs_x", True, True), ("github_pat_x", True, False), ("ghu_x", False, False), ("gho_x", False, False)],
)
def test_a_kind_of_token_says_how_it_is_used_and_whose_it_is(text: str, as_it_is: bool, of_organisation: bool) -> None:
    assert protocol.goes_as_it_is(Secret(text)) is as_it_is
    assert protocol.is_of_organisation(Secret(text)) is of_organisation


@pytest.mark.parametrize("text", ["", "ghu_a b", "ghu_a\r\nX: y", "ghu_a\n", "ghu_\xff", "ghu_\udcff"])
def test_a_token_that_no_header_can_carry_is_never_sent(text: str) -> None:
    assert protocol.why_unusable(Secret(text))


@pytest.mark.parametrize("prefix", ["ghu_", "gho_", "ghs_"])
def test_tokens_that_github_must_judge_are_left_to_it(prefix: str) -> None:
    assert protocol.why_unusable(Secret(prefix + "x")) is None


PAT = "Resource not accessible by personal access token"
NO_SEAT = {
    "error_details": {"message": "No access.", "notification_id": "no_copilot_access", "url": "https://github.com/x"},
    "message": "Resource not accessible by integration",
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (401, {"message": "Bad credentials"}, Kind.LOGIN, "passenger login"),
        (403, {"message": PAT}, Kind.LOGIN, "personal access tokens"),
        (403, {"message": "API rate limit exceeded for user ID 1."}, Kind.RATE_LIMIT, "rate limit"),
        (403, NO_SEAT, Kind.FORBIDDEN, r"No access. \(https://github.com/x\)"),
        (403, {"error_details": {"notification_id": "feature_flag_blocked"}}, Kind.FORBIDDEN, "no Copilot token"),
        (404, {"message": "Not Found"}, Kind.LOGIN, "Copilot's own apps"),
        (429, {"message": "secondary limit"}, Kind.RATE_LIMIT, "secondary limit"),
        (500, "<html><title>Unicorn!</title></html>", Kind.UNAVAILABLE, "Unicorn!"),
        (503, "", Kind.UNAVAILABLE, "no reason given"),
    ],
)
def test_a_refused_exchange_says_what_to_do(status: int, body: object, kind: Kind, text: str) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    failure = protocol.read_exchange_failure(status, {"retry-after": "9"}, raw)
    assert failure.kind is kind
    with pytest.raises(Failure, match=text):
        raise failure


def test_the_reason_github_names_becomes_the_code() -> None:
    failure = protocol.read_exchange_failure(403, {}, json.dumps(NO_SEAT).encode())
    assert failure.code == "no_copilot_access"
