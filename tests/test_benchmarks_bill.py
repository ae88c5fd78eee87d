"""What a talk costs, as `python -m benchmarks.bill` reckons it: alike in every dialect, and no more than it must."""

import asyncio
from pathlib import Path

import pytest
from benchmarks.bill import MODELS, TURNS, Bill, Row, main, measure, table
from benchmarks.talks import CLIENTS, talk

CLAUDE = "claude-sonnet-4.5"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return asyncio.run(measure(CLIENTS, (CLAUDE, "gpt-5.1")))


def of(rows: list[Row], model: str) -> list[Row]:
    return [row for row in rows if row.model == model]


@pytest.mark.parametrize("model", [CLAUDE, "gpt-5.1"])
@pytest.mark.parametrize("length", range(len(TURNS)))
def test_relayed_and_translated_talks_cost_the_same_within_a_twentieth(
    rows: list[Row], model: str, length: int
) -> None:
    costs = [row.talk[length].billed for row in of(rows, model)]
    assert len(costs) == len(CLIENTS)
    assert max(costs) <= 1.05 * min(costs)


def test_a_talk_with_claude_costs_a_fraction_of_its_tokens(rows: list[Row]) -> None:
    assert {row.upstream for row in of(rows, CLAUDE)} == {"/chat/completions", "/v1/messages"}
    for row in of(rows, CLAUDE):
        short, long = row.talk
        assert short.billed * 3 < short.tokens
        assert long.billed * 5 < long.tokens


def test_a_single_question_costs_what_its_tokens_do(rows: list[Row]) -> None:
    for row in rows:
        assert row.question.tokens > 1024
        assert row.question.billed == row.question.tokens


async def test_without_breakpoints_a_talk_costs_all_of_its_tokens() -> None:
    (row,) = await measure(("chat",), (CLAUDE,), "[copilot]\ncache_marks = false\n")
    assert all(cost.billed == cost.tokens for cost in row.talk)


def test_the_table_says_the_tokens_and_what_is_billed() -> None:
    row = Row("chat", "m", "/responses", Bill(1000, 1000), (Bill(57_200, 14_200), Bill(0, 0)))
    assert table([row]).splitlines()[-1] == "| m | chat | `/responses` | 1.0 / 1.0 | 57.2 / 14.2 | 0.0 / 0.0 |"


def test_the_page_has_a_row_for_each_pair() -> None:
    page = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text()
    assert all(f"| {model} | {client} |" in page for model in MODELS for client in CLIENTS)


def test_a_model_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--clients", "chat", "--models", "nobody"]) == 1
    assert "chat -> nobody: 404" in capsys.readouterr().err


@pytest.mark.parametrize("client", CLIENTS)
def test_each_turn_of_a_talk_goes_on_with_the_last(client: str) -> None:
    said = [next(talk(client, "m", turn)[key] for key in ("messages", "input", "contents")
                 if key in talk(client, "m", turn)) for turn in (2, 3)]  # fmt: skip
    assert said[1][: len(said[0])] == said[0]
    assert len(said[1]) > len(said[0])
