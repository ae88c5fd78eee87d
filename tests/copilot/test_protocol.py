import pytest

from passenger.chat.prompt import Initiator
from passenger.copilot import protocol
from passenger.copilot.call import Call, Operation


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
    failure = protocol.read_copilot_failure(status, {}, body)
    assert failure.status == status
    assert failure.message.startswith(message)
    assert (failure.code, failure.param) == (code, param)


def test_a_401_names_the_login() -> None:
    failure = protocol.read_copilot_failure(401, {}, b"unauthorized: token expired\n")
    assert "unauthorized: token expired" in failure.message
    assert "passenger login" in failure.message
    named = protocol.read_copilot_failure(401, {}, b"no", "run `passenger login --profile work`")
    assert named.message == "no (run `passenger login --profile work` if this lasts)"


@pytest.mark.parametrize("value", ["", " ", " a", "a ", "a\r\nb: c", "a\n", "a\tb", "a\x7f", "\u00e9", "a" * 2001])
def test_a_value_that_could_be_read_as_another_is_not_passed_down(value: str) -> None:
    assert protocol.passed_down([("x-request-id", value)]) == ()
    for fine in ("a", "a b", "~" * 2000):
        assert protocol.passed_down([("x-request-id", fine)]) == (("x-request-id", fine),)


def test_only_harmless_headers_are_passed_down() -> None:
    headers = {"retry-after": "2", "x-request-id": "r", "set-cookie": "c", "copilot-edits-session": "s"}
    assert protocol.passed_down(headers.items()) == (("retry-after", "2"), ("x-request-id", "r"))
