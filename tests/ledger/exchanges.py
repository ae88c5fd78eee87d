"""Finished exchanges to be written into a ledger."""

from passenger.account.principal import Principal
from passenger.chat.cost import UNKNOWN, Cost
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from tests.fakes import NOON

USAGE = Usage(input=1000, output=70, cached=600, reasoning=20, written=100)
COST = Cost("upstream", 12_000_000)


def finished(
    at: float = NOON,
    *,
    usage: Usage | None = USAGE,
    cost: Cost | None = COST,
    model: str = "gpt-4o",
    session: str = "s1",
    tag: str = "",
    failure: Failure | None = None,
    agent: bytes = b"claude-cli/2.1.3 (external)",
    user: str = "",
    key: str = "",
) -> Exchange:
    """One that took two seconds, the first of them until its first byte, and 5 ms of ours."""
    exchange = Exchange("POST", "/v1/messages", agent, Principal("anyone", tag=tag, user=user, key=key), time=at)
    exchange.seat, exchange.session, exchange.dialect = "own", session, "messages"
    exchange.ask, exchange.model = Ask(model, stream=True, initiator=Initiator.USER), model
    exchange.status, exchange.attempts, exchange.tariff = 200, 1, UNKNOWN
    exchange.received, exchange.first_byte = exchange.started, exchange.started + 1
    exchange.ended, exchange.waited = exchange.started + 2, 1.995
    exchange.usage, exchange.cost, exchange.outcome = usage, cost, Outcome.OK
    if failure is not None:
        exchange.fail(failure)
    return exchange


def refused(at: float = NOON) -> Exchange:
    """One that Copilot has refused."""
    return finished(at, usage=None, cost=None, failure=Failure(Kind.INVALID, "no such field", code="unknown_field"))
