"""The headers that tell what an answer cost, in credits and dollars or in premium requests, and how that is known."""

from collections.abc import Mapping
from typing import get_args

from passenger.chat.cost import Cost, CostSource
from passenger.observe.amounts import decimal
from passenger.server.http.response_head import Header

UNKNOWN: Header = (b"x-passenger-cost-source", b"unknown")


def cost_headers(cost: Cost | None) -> list[Header]:
    """The headers for a cost; for an unknown one only that it is."""
    if cost is None:
        return [UNKNOWN]
    source = _SOURCES[cost.source]
    if (nano := cost.nano_credits) is not None:
        return [
            (b"x-passenger-credits", decimal(nano, 9).encode()),
            (b"x-passenger-cost-usd", decimal(nano, 11).encode()),
            source,
        ]
    return [(b"x-passenger-premium-requests", decimal(cost.premium_thousandths or 0, 3).encode()), source]


_SOURCES: Mapping[CostSource, Header] = {
    source: (b"x-passenger-cost-source", source.encode()) for source in get_args(CostSource)
}
