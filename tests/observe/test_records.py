"""What is told of a request."""

import pytest

from passenger.account.principal import Principal
from passenger.chat.cost import UNKNOWN, Cost
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import anthropic as messages
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.routing import Route
from passenger.observe.records import Totals, record_of


def test_a_record_has_the_metadata_of_an_exchange() -> None:
    exchange = Exchange("POST", "/v1/messages", b"claude-cli/2", Principal("anyone", tag="0123456789ab"), started=10.0)
    exchange.ask, exchange.model = Ask("Opus", stream=True, initiator=Initiator.USER), "claude-opus-4.6"
    exchange.route = Route("claude-opus-4.6", None, messages.OUTBOUND, relayed=True)
    exchange.first_byte, exchange.ended, exchange.status = 10.5, 12.0, 200
    exchange.usage, exchange.cost = Usage(100, 20, 60, 5, written=30), Cost("upstream", 1_500_000_000)
    exchange.session, exchange.upstream_ids = "s" * 500, ("51A1:7",)
    exchange.complete()
    record = record_of(exchange, 1_700_000_000.0, "claude-cli")
    assert (record.asked, record.model, record.dialect, record.mode) == (
        "Opus",
        "claude-opus-4.6",
        "messages",
        "relayed",
    )
    assert (record.seconds, record.first_byte, record.stream, record.tag) == (2.0, 0.5, True, "0123456789ab")
    assert (record.input, record.cached, record.written, record.output, record.reasoning) == (100, 60, 30, 20, 5)
    assert (record.credits, record.cost_source) == (1.5, "upstream")
    assert (record.outcome, record.client) == ("ok", "claude-cli")
    assert (record.session, record.upstream_ids) == ("s" * 300, ["51A1:7"])


@pytest.mark.parametrize("name", ["gpt-5.5", "x; dialect=y; mode=z", ""])
@pytest.mark.parametrize("calls", [1, 8])
def test_the_way_is_told_whatever_the_model_is_called(name: str, calls: int) -> None:
    exchange = Exchange("POST", "/v1/messages", route=Route(name, None, responses.OUTBOUND, relayed=False), calls=calls)
    record = record_of(exchange, 1.0, "-")
    assert (record.dialect, record.mode) == ("responses", "translated")
    assert record.route == f"model={name}; dialect=responses; mode=translated" + ("; calls=8" if calls == 8 else "")


def test_what_is_unknown_is_none_and_never_zero() -> None:
    record = record_of(Exchange("POST", "/v1/chat/completions"), 1.0, "-")
    assert [record.input, record.credits, record.first_byte, record.model, record.asked, record.route] == [None] * 6
    assert (record.session, record.upstream_ids, record.cost_source) == (None, [], None)
    asked = record_of(Exchange("POST", "/v1/chat/completions", tariff=UNKNOWN, attempts=1), 1.0, "-")
    assert (asked.credits, asked.premium_requests, asked.cost_source) == (None, None, "unknown")


def test_premium_requests_are_no_credits() -> None:
    exchange = Exchange("POST", "/x", cost=Cost("legacy", premium_thousandths=330))
    record = record_of(exchange, 1.0, "-")
    assert (record.credits, record.premium_requests, record.cost_source) == (None, 0.33, "legacy")
    totals = Totals()
    totals.add(exchange)
    assert (totals.nano_credits, totals.premium_thousandths, totals.unpriced) == (0, 330, 0)
    totals.add(Exchange("POST", "/x", tariff=UNKNOWN, attempts=1))
    assert (totals.nano_credits, totals.premium_thousandths, totals.unpriced) == (0, 330, 1)


def test_what_went_wrong_is_told_by_code_and_message() -> None:
    exchange = Exchange("POST", "/x")
    exchange.fail(Failure(Kind.UPSTREAM, "no " * 500))
    record = record_of(exchange, 1.0, "-")
    assert record.error_code == "upstream"
    assert len(record.error_message or "") == 300
