"""The request that proves the way."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from passenger.clients.plan import DialectName
from passenger.clients.proof import DAY, OUTPUT, ProofCache, UnprovenError, model_to_prove, prove, request
from passenger.copilot.model_cards import ModelCard, Prices
from passenger.dialects.side_requests import PROOF
from tests.clients.sites import HIDDEN, OPUS

DIALECTS: tuple[DialectName, ...] = ("messages", "responses", "completions", "gemini", "ollama")


class Answering:
    """A server that answers one thing."""

    def __init__(self, status: int, body: bytes) -> None:
        self.answer = (status, body)
        self.asked: list[tuple[str, object, Mapping[str, str] | None]] = []

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Its answer."""
        self.asked.append((path, body, headers))
        return self.answer


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_names_the_model_and_allows_16_tokens(dialect: DialectName) -> None:
    path, body = request(dialect, "a/b")
    text = json.dumps(body)
    assert PROOF in text
    assert f": {OUTPUT}" in text
    assert "a/b" in text or "/a%2Fb:generateContent" in path


def test_it_shows_the_key_in_a_header_and_says_who_asks() -> None:
    server = Answering(200, b"{}")
    prove(server.post, "messages", "m", "k", "9.9")
    headers = {"authorization": "Bearer k", "user-agent": "passenger-launch/9.9", "anthropic-version": "2023-06-01"}
    assert server.asked == [("/v1/messages", request("messages", "m")[1], headers)]


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"error": {"message": "no"}}', "no"), (b'{"error": "no"}', "no"), (b"<html>", "<html>"), (b"", "an empty")],
)
def test_a_refusal_is_told_in_the_servers_words(body: bytes, said: str) -> None:
    with pytest.raises(UnprovenError, match=said) as raised:
        prove(Answering(402, body).post, "gemini", "m", "k", "1")
    assert raised.value.status == 402


def card(name: str, multiplier: float | None, prices: Prices | None = None, *dialects: str) -> ModelCard:
    return ModelCard(
        id=name, name=name, vendor="V", family=name, multiplier=multiplier, prices=prices, dialects=dialects
    )


def test_on_a_plan_that_counts_requests_an_included_model_is_asked() -> None:
    premium, free, speaking = card("p", 3.0), card("f", 0.0), card("s", 0.0, None, "messages")
    cards = [premium, HIDDEN, free, speaking]
    assert model_to_prove(premium, cards, "messages") is speaking
    assert model_to_prove(premium, cards, "responses") is free
    assert model_to_prove(premium, [premium], "messages") is premium
    assert model_to_prove(free, cards, "messages") is free
    by_tokens = card("t", 3.0, Prices(output=1.0))
    assert model_to_prove(by_tokens, cards, "messages") is by_tokens
    assert model_to_prove(OPUS, cards, "messages") is OPUS


def test_a_proof_holds_for_a_day_for_this_client_model_and_server(tmp_path: Path) -> None:
    proven = ProofCache(tmp_path / "proven.json")
    assert not proven.holds("claude", "m", "s", 0.0)
    proven.note("claude", "m", "s", 100.0)
    proven.note("codex", "m", "s", 101.0)
    assert proven.holds("claude", "m", "s", 100.0 + DAY - 1)
    assert not proven.holds("claude", "m", "s", 100.0 + DAY)
    assert not proven.holds("claude", "m", "s", 99.0), "a clock that was set back"
    assert not proven.holds("claude", "m", "other", 101.0)
    assert not proven.holds("gemini", "m", "s", 101.0)
    assert (tmp_path / "proven.json").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_or_written_is_no_proof_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "proven.json"
    path.write_text("[")
    proven = ProofCache(path)
    assert not proven.holds("c", "m", "s", 0.0)
    proven.note("c", "m", "s", 1.0)
    assert proven.holds("c", "m", "s", 1.0)
    (tmp_path / "file").write_text("")
    ProofCache(tmp_path / "file" / "proven.json").note("c", "m", "s", 1.0)


def test_where_the_account_is_not_known_nothing_is_remembered(tmp_path: Path) -> None:
    proven = ProofCache(tmp_path / "proven.json")
    proven.note("c", "m", None, 1.0)
    assert not proven.holds("c", "m", None, 1.0)
    assert not (tmp_path / "proven.json").exists()
