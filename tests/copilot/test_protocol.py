import json

import pytest

from passenger.chat import Initiator
from passenger.copilot import protocol
from passenger.copilot.call import Call, Operation
from passenger.errors import Failure, Kind
from passenger.secret import Secret

EDITOR = protocol.Editor("vscode/1", "copilot-chat/1", "GitHubCopilotChat/1", "vscode-chat", "2026-06-01")


def test_the_headers_say_truthfully_what_is_asked() -> None:
    plain = protocol.call_headers(Call(Operation.CHAT, "/responses"))
    assert plain["X-Initiator"] == "user"
    assert plain["OpenAI-Intent"] == "conversation-panel"
    assert "Copilot-Vision-Request" not in plain
    agents = Call(Operation.CHAT, "/", stream=True, initiator=Initiator.AGENT, vision=True, is_agents=True)
    agent = protocol.call_headers(agents)
    assert agent["X-Initiator"] == "agent"
    assert agent["OpenAI-Intent"] == "conversation-agent"
    assert agent["Copilot-Vision-Request"] == "true"
    assert agent["Accept"] == "text/event-stream"


@pytest.mark.parametrize("operation", [Operation.COUNT, Operation.EMBED, Operation.LIST_MODELS])
def test_what_is_no_chat_says_nothing_of_one(operation: Operation) -> None:
    headers = protocol.call_headers(Call(operation, "/x", vision=operation is Operation.COUNT))
    assert headers["Accept"] == "application/json"
    assert ("Content-Type" in headers) is (operation is not Operation.LIST_MODELS)
    assert ("Copilot-Vision-Request" in headers) is (operation is Operation.COUNT)
    assert not {"OpenAI-Intent", "X-Initiator"} & set(headers)


def test_what_an_api_wants_itself_goes_along() -> None:
    assert protocol.call_headers(Call(Operation.CHAT, "/v1/messages", headers={"anthropic-beta": "a"}))[
        "anthropic-beta"
    ]


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


@pytest.mark.parametrize("prefix", ["ghp_", "github_pat_", "ghs_", "ghr_"])
def test_tokens_that_can_never_be_exchanged_are_known_by_their_prefix(prefix: str) -> None:
    assert protocol.why_not_exchangeable(Secret(prefix + "x"))


@pytest.mark.parametrize("text", ["", "ghu_a b", "ghu_a\r\nX: y", "ghu_a\n", "ghu_\xff", "ghu_\udcff"])
def test_a_token_that_no_header_can_carry_is_never_sent(text: str) -> None:
    assert protocol.why_not_exchangeable(Secret(text))


@pytest.mark.parametrize("prefix", ["ghu_", "gho_"])
def test_tokens_that_github_must_judge_are_left_to_it(prefix: str) -> None:
    assert protocol.why_not_exchangeable(Secret(prefix + "x")) is None


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


# --- errors of the Copilot API -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "message", "code", "param"),
    [
        (400, b'{"error":{"message":"m","code":"c","param":"p"}}\n', "m", "c", "p"),
        (400, b'{"error":{"message":"m","code":"","param":"","type":""}}\n', "m", None, None),
        (400, b"bad request: missing Editor-Version header for IDE auth\n", "bad request: missing Editor", None, None),
        (400, b'{"type":"error","error":{"type":"t","message":"m"},"request_id":"r"}', "m", None, None),
        (
            402,
            b'{"error":{"message":"You have no quota","code":"quota_exceeded"}}\n',
            "You have no",
            "quota_exceeded",
            None,
        ),
        (403, b'{"message":"x","documentation_url":"d","status":"403"}', "x", None, None),
        (413, b"Request Entity Too Large", "Request Entity Too Large", None, None),
        (429, b'{"error":{"message":{"a":1},"code":"extension_blocked"}}', '{"error"', "extension_blocked", None),
        (429, b'{"error":{"message":"m","code":429}}', "m", "429", None),
        (499, b"", "Copilot answered 499 without a word", None, None),
        (
            502,
            b"<!DOCTYPE html><html><title>Unicorn! &middot; GitHub</title>",
            "a web page titled 'Unicorn!",
            None,
            None,
        ),
        (503, b"<html>no title</html>", "a web page", None, None),
        (500, b'{"error":"text"}', "text", None, None),
        (500, b"\xff\xfe", "\ufffd\ufffd", None, None),
    ],
)
def test_every_shape_of_error_keeps_its_words(
    status: int, body: bytes, message: str, code: str | None, param: str | None
) -> None:
    failure = protocol.read_failure(status, {}, body)
    assert failure.status == status
    assert failure.message.startswith(message)
    assert (failure.code, failure.param) == (code, param)


def test_a_401_names_the_login() -> None:
    failure = protocol.read_failure(401, {}, b"unauthorized: token expired\n")
    assert "unauthorized: token expired" in failure.message
    assert "passenger login" in failure.message
    named = protocol.read_failure(401, {}, b"no", "run `passenger login --profile work`")
    assert named.message == "no (run `passenger login --profile work` if this lasts)"


def test_only_harmless_headers_are_passed_down() -> None:
    headers = {"retry-after": "2", "x-request-id": "r", "set-cookie": "c", "copilot-edits-session": "s"}
    assert protocol.passed_down(headers.items()) == (("retry-after", "2"), ("x-request-id", "r"))
