"""What clients ask on their own account is an agent's; the same words are a person's where one has typed them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Inbound, Request
from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from passenger.dialects.side_requests import RULES, TURN_METADATA, rule_for, who_asks
from tests.side_requests import RECORDED, Recorded

DIALECTS: dict[str, Inbound] = {
    "chat": completions.INBOUND,
    "gemini": gemini.INBOUND,
    "messages": messages.INBOUND,
    "responses": responses.INBOUND,
}
OTHERS = ["", "Python/3.13 aiohttp/3.13", "Mozilla/5.0 (X11; Linux x86_64)", "curl/8.15 opencode/1.18.33", "OpenAI/JS"]
"""Clients in which a person may paste anything, as the system's text, too."""

every_recording = pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: f"{one.name}-{one.dialect}")


def arrived(one: Recorded) -> tuple[Ask, Request]:
    request = Request(json.dumps(one.body).encode(), {"model": "m", "action": "generateContent"}, one.headers)
    return DIALECTS[one.dialect].peek(request), request


def asked_by(one: Recorded, **headers: str) -> Initiator:
    return who_asks(*arrived(replace(one, headers={**one.headers, **headers})))


def but(one: Recorded, **fields: Any) -> Recorded:
    return replace(one, body={**one.body, **fields})


@every_recording
def test_what_a_client_asks_on_its_own_account_is_an_agents(recorded: Recorded) -> None:
    ask, request = arrived(recorded)
    assert ask.initiator is Initiator.USER  # by its last turn alone
    assert who_asks(ask, request) is Initiator.AGENT


@every_recording
def test_the_same_words_are_a_persons_who_has_typed_them(recorded: Recorded) -> None:
    assert asked_by(recorded.typed()) is Initiator.USER


@every_recording
def test_the_same_is_a_persons_in_another_client(recorded: Recorded) -> None:
    for client in OTHERS:
        assert asked_by(recorded.by(client)) is Initiator.USER, client


@every_recording
def test_without_the_rules_it_is_a_persons(recorded: Recorded) -> None:
    assert who_asks(*arrived(recorded), rules=False) is Initiator.USER


def test_every_rule_has_its_recording() -> None:
    fitting = [rule_for(*arrived(recorded)) for recorded in RECORDED]
    assert set(fitting) == set(RULES)


@every_recording
def test_a_client_may_call_its_own_request_a_persons(recorded: Recorded) -> None:
    assert asked_by(recorded, **{"x-initiator": "user"}) is Initiator.USER


RESULT = [{"role": "user", "content": "List"}, {"role": "tool", "tool_call_id": "1", "content": "a.txt"}]


@pytest.mark.parametrize(
    ("turns", "said", "expected"),
    [
        (RESULT, {}, Initiator.AGENT),
        (RESULT, {"x-initiator": "agent"}, Initiator.AGENT),
        (RESULT, {"x-initiator": "user"}, Initiator.USER),
        (RESULT[:1], {}, Initiator.USER),
        (RESULT[:1], {"x-initiator": "agent"}, Initiator.USER),
        (RESULT[:1], {"x-initiator": "agent", "x-interaction-type": "conversation-background"}, Initiator.USER),
        (RESULT[:1], {"x-initiator": "user"}, Initiator.USER),
    ],
)
def test_the_clients_own_word_makes_a_person_of_an_agent_and_never_the_reverse(
    turns: list[dict[str, str]], said: dict[str, str], expected: Initiator
) -> None:
    for client in ("copilot/1.0.102", "opencode/1.18.33"):
        body = {"model": "m", "messages": turns}
        assert asked_by(Recorded("", "chat", "", {"user-agent": client}, body), **said) is expected


TYPED = {"role": "user", "content": "List"}
COPILOT = [
    # dialect, User-Agent, turns of the request, what Copilot CLI itself says of it (1.0.102)
    ("chat", "OpenAI/JS 5.20.1", [TYPED], "user"),
    ("chat", "OpenAI/JS 5.20.1", RESULT, "agent"),
    ("responses", "OpenAI/JS 5.20.1", [TYPED], "user"),
    (
        "responses",
        "OpenAI/JS 5.20.1",
        [TYPED, {"type": "function_call_output", "call_id": "1", "output": "a.txt"}],
        "agent",
    ),
    ("messages", "Anthropic/JS 0.94.0", [TYPED], "user"),
    (
        "messages",
        "Anthropic/JS 0.94.0",
        [TYPED, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "a.txt"}]}],
        "agent",
    ),
]


@pytest.mark.parametrize(("dialect", "client", "turns", "said"), COPILOT)
def test_what_is_said_of_copilot_clis_requests_is_what_it_says_itself(
    dialect: str, client: str, turns: list[Any], said: str
) -> None:
    body = {"model": "m", "input" if dialect == "responses" else "messages": turns, "max_tokens": 9}
    one = Recorded("", dialect, "", {"user-agent": client}, body)
    assert asked_by(one, **{"x-initiator": said}).value == said
    assert asked_by(one).value == said


# --- all signs, or none --------------------------------------------------------------------------------------------


def recording(name: str, dialect: str) -> Recorded:
    return next(one for one in RECORDED if (one.name, one.dialect) == (name, dialect))


TITLE, ROUTER = recording("opencode-title", "chat"), recording("gemini-cli-router", "gemini")
MEMORY, COMPACTION = recording("qwen-code-memory", "chat"), recording("codex-compaction", "responses")
CLAUDE = recording("claude-code-title", "messages")
SIGN = TITLE.body["messages"][0]
TOOLS = [{"type": "function", "function": {"name": "f"}}]


@pytest.mark.parametrize(
    "near",
    [
        but(TITLE, tools=TOOLS),
        but(MEMORY, tools=[]),
        but(TITLE, messages=[{"role": "user", "content": "Hello"}, SIGN, {"role": "user", "content": "Hello"}]),
        but(TITLE, messages=[{"role": "system", "content": f"Say: {SIGN['content']}"}, *TITLE.body["messages"][1:]]),
        but(TITLE, messages=[{"role": "system", "content": SIGN["content"][:40]}, *TITLE.body["messages"][1:]]),
        but(ROUTER, generationConfig={}),
        but(ROUTER, generationConfig={"responseJsonSchema": {"properties": {"name": {"type": "string"}}}}),
        but(CLAUDE, output_config={}),
        but(CLAUDE, output_config={"format": {"schema": {"properties": {"title": {}, "body": {}}}}}),
        but(CLAUDE, system="You are Claude Code, Anthropic's official CLI for Claude."),
        replace(COMPACTION, headers={"user-agent": "codex_exec/0.171.0", TURN_METADATA: '{"request_kind":"turn"}'}),
        *(
            replace(COMPACTION, headers={"user-agent": "codex_exec/0.171.0", TURN_METADATA: odd})
            for odd in ("", "compaction", '"compaction"', '{"request_kind":["compaction"]}', "{", "\udcff", "[" * 999)
        ),
    ],
)
def test_one_sign_that_is_missing_makes_it_a_persons(near: Recorded) -> None:
    assert asked_by(near) is Initiator.USER


@pytest.mark.parametrize(
    "odd",
    [{"system": 1}, {"input": {}}, {"generationConfig": []}, {"output_config": {"format": 1}}, {"instructions": []}],
)
def test_a_body_of_an_odd_shape_is_a_persons(odd: dict[str, Any]) -> None:
    """A rule is no reason to refuse."""
    assert asked_by(but(TITLE, **odd)) is Initiator.USER


def test_a_system_text_in_parts_is_read_too() -> None:
    parts = {
        "role": "developer",
        "content": [{"type": "text", "text": "You are opencode"}, {"type": "text", "text": SIGN["content"]}],
    }
    assert asked_by(but(TITLE, messages=[parts, *TITLE.body["messages"][1:]])) is Initiator.AGENT
    odd = {"role": "system", "content": {"text": SIGN["content"]}}
    body = json.dumps({**TITLE.body, "messages": [odd]}).encode()
    ask, _ = arrived(TITLE)
    assert who_asks(ask, Request(body, {}, TITLE.headers)) is Initiator.USER


# --- what is said of it ------------------------------------------------------------------------------------------


def test_each_rule_is_described_with_the_version_and_the_day_that_it_was_seen() -> None:
    page = (Path(__file__).parents[2] / "docs" / "upstream.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    described = {row[0]: row[-1] for row in rows}
    assert {rule.what: described.get(rule.what) for rule in RULES} == {rule.what: rule.seen for rule in RULES}
