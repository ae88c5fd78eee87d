"""What became of a request, in sentences."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import passenger
from passenger.exchange import Outcome
from passenger.observe.explanation import OUTCOMES, RETRIES, explain
from passenger.observe.records import RequestRecord

PLAIN = RequestRecord(
    id="96bb7a9e-e2bf-42a2-be01-c8905ab37a87",
    ended=1_000.0,
    method="POST",
    path="/v1/messages",
    client="claude-cli",
    user_agent="claude-cli/2.1 (external, cli)",
    status=200,
    outcome="ok",
    seconds=1.24,
)


def told(**fields: object) -> dict[str, str]:
    facts = explain(msgspec.structs.replace(PLAIN, **fields), now=1_200.0)
    return {title: text for title, text in facts if text}


def test_what_is_not_known_is_not_told() -> None:
    facts = told()
    assert set(facts) == {"request", "ended", "client", "asked", "upstream", "outcome", "time"}
    assert facts["ended"].endswith(", 3 min ago")
    assert facts["client"] == "claude-cli (claude-cli/2.1 (external, cli))"


def test_what_others_call_it_is_told() -> None:
    facts = told(session="a\x1b", upstream="api.test", attempts=2, upstream_ids=["51A1:7", "c0"])
    assert (facts["session"], facts["upstream"]) == ("a?", "api.test, 2 attempts; its id is 51A1:7")


def test_relayed_and_translated_are_told_apart_with_the_apis() -> None:
    relayed = told(mode="relayed", dialect="messages", model="claude-opus-5", asked="opus")
    assert relayed["way"].startswith("relayed: the model speaks Messages, as the client does")
    assert relayed["model"] == "claude-opus-5, asked for as 'opus'"
    translated = told(mode="translated", dialect="responses", asked="gpt-5.5", model="gpt-5.5")
    assert translated["way"] == "translated: the client speaks Messages, the model was asked in Responses"
    assert translated["model"] == "gpt-5.5"


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v1/chat/completions", "Chat Completions"),
        ("/responses", "Responses"),
        ("/v1beta/models/gpt-5.5:streamGenerateContent", "Gemini's API"),
        ("/api/chat", "Ollama's API"),
        ("/v1/completions", "another API"),
    ],
)
def test_the_client_s_api_is_known_by_its_path(path: str, api: str) -> None:
    assert f"the client speaks {api}," in told(mode="translated", dialect="responses", path=path)["way"]


def test_what_was_left_out_learned_and_tried_again_is_told_with_why() -> None:
    facts = told(dropped=["top_k", "seed"], lessons=["temperature!=1"], retries=["401", "learned"], attempts=3)
    assert facts["left out"].startswith("top_k, seed: ")
    assert facts["learned"].startswith("temperature!=1: refused by the model")
    assert facts["tried again"].split("\n")[0] == f"401: {RETRIES['401']}"
    assert len(facts["tried again"].split("\n")) == 2


def test_tokens_and_cost_and_error_are_told() -> None:
    facts = told(
        input=25_005,
        cached=20_000,
        output=87,
        reasoning=64,
        credits=12.7635,
        cost_source="upstream",
        error_code="stream_broken",
        error_message="it broke",
        outcome="broken",
        first_byte=0.391,
        overhead_ms=2.04,
    )
    assert facts["tokens"] == "25,005 in (20,000 from the cache), 87 out (64 of them thinking)"
    assert facts["cost"] == "12.76 credits ($0.13)"
    assert facts["error"] == "stream_broken: it broke"
    assert facts["outcome"] == f"200: {OUTCOMES['broken']}"
    assert facts["time"] == "1.2 s in all, first byte after 391 ms, 2.0 ms of it ours"


def test_it_is_told_how_a_cost_is_known() -> None:
    assert "cost" not in told()
    assert told(cost_source="unknown")["cost"].startswith("cost not told: ")
    assert told(cost_source="legacy", premium_requests=0.33)["cost"] == "0.33 premium requests"
    assert told(cost_source="priced", credits=1.0)["cost"].startswith("1.00 credits ($0.01), by the catalogue's")
    assert told(cost_source="estimated", credits=1.0)["cost"].startswith("1.00 credits ($0.01), estimated from")


def test_every_outcome_and_every_retry_of_ours_has_its_sentence() -> None:
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome}
    sources = "\n".join(path.read_text("utf-8") for path in Path(passenger.__file__).parent.rglob("*.py"))
    noted = set(re.findall(r'retries\.append\("([^"]+)"\)', sources))
    assert set(RETRIES) == noted | {"401", "421"}


TEXT = st.text(max_size=20)


@given(TEXT, TEXT, st.lists(TEXT, max_size=3), st.floats(0, 2e9))
def test_anything_a_record_may_hold_can_be_explained(path: str, asked: str, names: list[str], ended: float) -> None:
    facts = told(path=path, asked=asked, dropped=names, retries=names, lessons=names, ended=ended, user_agent=asked)
    assert facts["request"] == PLAIN.id
