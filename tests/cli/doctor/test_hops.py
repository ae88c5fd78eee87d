"""A way that is walked with a limit."""

import ssl
from urllib.parse import urlsplit

import trustme
from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.doctor.hops import LONGEST, follow, issuer_of, name_of
from passenger.net.egress import Egress
from passenger.net.resolver import Resolver, SocketAddress
from passenger.simulator import Simulator
from tests.tunnel import door, silence


async def test_a_host_that_never_answers_ends_the_walk_where_it_stands() -> None:
    async with door(silence) as port:
        trace = await follow(f"http://127.0.0.1:{port}/", Egress(), Resolver(), patience=0.2)
    assert (trace.failed, [step for step, _ in trace.steps]) == ("HTTP", ["DNS", "TCP"])
    assert "does not answer in time" in trace.why


async def test_the_second_address_of_a_name_is_tried_where_the_first_takes_no_connection(simulator: Simulator) -> None:
    port = urlsplit(simulator.url).port

    def look_up(host: str, _port: int, family: int) -> list[SocketAddress]:
        return [SocketAddress("127.0.0.1", one) for one in (1, port or 0)]

    trace = await follow("http://two.test/", Egress(), Resolver(look_up))
    assert (trace.failed, trace.status) == (None, 401)
    assert trace.ahead is not None


LEAF = trustme.CA(organization_name="Größe & Söhne", organization_unit_name="IT").issue_cert("a.test")
DER = ssl.PEM_cert_to_DER_cert(LEAF.cert_chain_pems[0].bytes().decode())


def test_the_issuer_of_a_certificate_is_read() -> None:
    assert issuer_of(DER) == "Größe & Söhne"


def test_a_name_has_both_parts_where_it_has_both() -> None:
    assert name_of("Corp Root CA", "Corp Ltd") == "Corp Root CA (Corp Ltd)"
    assert name_of("Corp Root CA", "") == "Corp Root CA"
    assert name_of("", "") == ""


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_have_no_issuer_and_raise_nothing(data: bytes) -> None:
    assert isinstance(issuer_of(data), str)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255), st.integers(0, len(DER)))
def test_a_certificate_that_was_changed_or_cut_raises_nothing(at: int, byte: int, end: int) -> None:
    changed = bytearray(DER)
    changed[at] = byte
    assert len(issuer_of(bytes(changed[:end]))) <= LONGEST
