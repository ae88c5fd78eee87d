"""A way that is walked with a limit."""

from urllib.parse import urlsplit

from passenger.doctor.hops import follow
from passenger.net.resolver import Address, Resolver
from passenger.network import Network
from passenger.simulator import Simulator
from tests.tunnel import door, silence


async def test_a_host_that_never_answers_ends_the_walk_where_it_stands() -> None:
    async with door(silence) as port:
        trace = await follow(f"http://127.0.0.1:{port}/", Network(), Resolver(), patience=0.2)
    assert (trace.failed, [step for step, _ in trace.steps]) == ("HTTP", ["DNS", "TCP"])
    assert "does not answer in time" in trace.why


async def test_the_second_address_of_a_name_is_tried_where_the_first_takes_no_connection(simulator: Simulator) -> None:
    port = urlsplit(simulator.url).port

    def look_up(host: str, _port: int, family: int) -> list[Address]:
        return [Address("127.0.0.1", one) for one in (1, port or 0)]

    trace = await follow("http://two.test/", Network(), Resolver(look_up))
    assert (trace.failed, trace.status) == (None, 401)
    assert trace.ahead is not None
