"""A request's line fits a terminal of 100 columns, and says what a person wants to know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.account.principal import Principal
from passenger.chat.cost import Cost
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway.routing import Route
from passenger.observe.access_log import WIDTH, product, request_line


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (b"claude-cli/2.1.197 (external, cli)", "claude-cli"),
        (b"codex_cli_rs/0.171.0 (Debian 12; x86_64) xterm", "codex_cli_rs"),
        (b"GeminiCLI/0.61.0/gemini-pro (linux; x64)", "GeminiCLI"),
        (b"OpenAI/Python 2.3.0", "OpenAI/Python"),
        (b"Anthropic/JS 0.60.0", "Anthropic/JS"),
        (b"google-genai-sdk/1.2 gl-python/3.11", "google-genai-sdk"),
        (b"llm v0.36", "llm"),
        (b"x/v2", "x"),
        (b"curl/8.5.0", "curl"),
        (b"a-name-that-is-far-too-long-for-a-line/1", "a-name-that-is-fa…"),
        (b"", "-"),
        (b"  ", "-"),
        (b"7", "-"),
    ],
)
def test_a_client_is_told_by_its_products_name(user_agent: bytes, name: str) -> None:
    assert product(user_agent) == name


def exchange(  # noqa: PLR0917 - each is one column
    model: str = "gpt-5.5",
    agent: bytes = b"claude-cli/2.1.197",
    usage: Usage | None = None,
    first: float | None = 0.3,
    outcome: Outcome = Outcome.OK,
    dialect: str | None = "responses",
    cost: Cost | None = None,
) -> Exchange:
    one = Exchange("POST", "/v1/messages", agent, started=100.0, ask=Ask(model, True, Initiator.USER), model=model)
    one.route = next((Route(model, None, one, relayed=False) for one in OUTBOUND if dialect == one.name), None)
    one.usage, one.outcome, one.status, one.cost = usage, outcome, 200, cost
    one.first_byte = None if first is None else 100 + first
    return one


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (
            exchange(usage=Usage(input=25_005, output=87), cost=Cost("upstream", 12_763_500_000)),
            "claude-cli    gpt-5.5 via responses        25.0k in   87 out  300 ms  12.76 cr ($0.13)",
        ),
        (
            exchange("claude-opus-4.6", b"curl/8", Usage(input=5, output=14), 0.0021, dialect="messages"),
            "curl          claude-opus-4.6 via messages     5 in   14 out    2 ms",
        ),
        (
            exchange(
                "gemini-3.1-pro-preview",
                b"OpenAI/Python 2.3",
                Usage(1_284_000, 99_960),
                cost=Cost("estimated", 4_000_000),
            ),
            "OpenAI/Python  gemini-3.1-pro-preview via res…  1.3M in 100.0k out  300 ms  ~0.0040 cr",
        ),
        (
            exchange(usage=Usage(5, 87), cost=Cost("legacy", premium_thousandths=330)),
            "claude-cli    gpt-5.5 via responses            5 in   87 out  300 ms  0.33 req",
        ),
        (
            exchange(usage=Usage(5, 87), cost=Cost("upstream", 0)),
            "claude-cli    gpt-5.5 via responses            5 in   87 out  300 ms",
        ),
        (exchange(first=12.34, dialect=None), "claude-cli    gpt-5.5 messages                                 12.3 s"),
        (
            exchange(outcome=Outcome.CLIENT_GONE, first=None),
            "claude-cli    gpt-5.5 via responses                           client left",
        ),
    ],
)
def test_the_line_has_client_model_way_tokens_first_byte_and_credits(one: Exchange, line: str) -> None:
    assert " ".join(request_line(one).split()) == " ".join(line.split())
    assert request_line(one).startswith(line[:20])


def test_in_a_team_it_begins_with_whose_key_it_was() -> None:
    one = exchange()
    one.principal = Principal("alice", user="usr_1", key="key_1", shown="psgr_Ab12…wxyz")
    assert request_line(one).startswith("alice psgr_Ab12…wxyz  claude-cli ")
    one.fail(Failure(Kind.QUOTA, "no more"))
    assert request_line(one).startswith("alice psgr_Ab12…wxyz  claude-cli ")
    one.principal = Principal("key 0123abcd")
    assert request_line(one).startswith("claude-cli ")


def test_what_went_wrong_is_told_whole() -> None:
    one = exchange(first=None)
    one.fail(Failure(Kind.RATE_LIMIT, "too many " * 20, code="rate_limited"))
    one.status = 429
    assert request_line(one).endswith(f" 429 rate_limited: {'too many ' * 20}")
    one.fail(Failure(Kind.UPSTREAM, "it broke", code="stream_broken"), Outcome.BROKEN)
    assert request_line(one).endswith(" broken: stream_broken: it broke")


def test_a_request_that_no_model_was_asked_for_is_told_by_its_path() -> None:
    one = Exchange("GET", "/v1/nowhere", b"curl/8")
    one.fail(Failure(Kind.NOT_FOUND, "there is none", code="unknown_url"))
    assert request_line(one).split() == ["curl", "GET", "/v1/nowhere", "404", "unknown_url:", "there", "is", "none"]


@given(
    st.text(max_size=300),
    st.binary(max_size=300),
    st.builds(Usage, *[st.integers(0, 10**9)] * 2),
    st.builds(Cost, st.sampled_from(["upstream", "estimated"]), st.integers(0, 10**12)),
    st.floats(0, 86_400),
    st.sampled_from([Outcome.OK, Outcome.CLIENT_GONE, Outcome.UNFINISHED]),
    st.sampled_from(["completions", "responses", "messages", None]),
)
def test_whatever_was_asked_the_line_fits(  # noqa: PLR0917 - as above
    model: str, agent: bytes, usage: Usage, cost: Cost, first: float, outcome: Outcome, dialect: str | None
) -> None:
    assert len(request_line(exchange(model, agent, usage, first, outcome, dialect, cost))) <= WIDTH
