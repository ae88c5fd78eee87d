"""Which hosts can be read in one way only."""

from ipaddress import IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passenger.net.hosts import is_this_machine, parse_address, read_host


@pytest.mark.parametrize(
    ("value", "host"),
    [
        (b"localhost", "localhost"),
        (b"LocalHost:8081", "localhost"),
        (b"a.b.localhost:1", "a.b.localhost"),
        (b"127.0.0.1:65535", "127.0.0.1"),
        (b"127.9.9.9", "127.9.9.9"),
        (b"[::1]", "::1"),
        (b"[0:0:0:0:0:0:0:1]:80", "::1"),
        (b"my_box.corp:", "my_box.corp"),
        (b"xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_plain_authority_has_a_host(value: bytes, host: str) -> None:
    assert read_host(value) == host


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" localhost",
        b"localhost ",
        b"local\x00host",
        b"localhost\t",
        b"localhost.",
        b".localhost",
        b"a..localhost",
        b"-a.localhost",
        b"evil@localhost",
        b"localhost/..",
        b"localhost\\",
        b"localhost?x",
        b"localhost#x",
        b"localhost,evil.example",
        b"localhost:80:80",
        b"localhost:65536",
        b"localhost:+80",
        b"localhost:8o",
        b"127.0.0.1%00",
        b"127.1",
        b"0x7f.1",
        b"0x7f000001",
        b"2130706433",
        b"017700000001",
        b"127.0.0.01",
        b"127.0.0.1.",
        b"1.2.3.4.5",
        b"a.0x1",
        b"::1",
        b"[::1",
        b"[::1%25lo]",
        b"[::1%lo]",
        b"[]",
        b"[localhost]",
        b"[::g]",
        "löcalhost".encode(),
        "\uff11\uff12\uff17.0.0.1".encode(),
        b"a" * 256,
    ],
)
def test_anything_else_has_none(value: bytes) -> None:
    assert read_host(value) is None


@given(st.binary(max_size=40) | st.from_regex(rb"\A[0-9a-fxA-Z.:\[\]%@-]{0,40}\Z"))
@example(b"[::ffff:1.2.3.4]:1")
def test_a_host_that_is_read_is_read_again_as_itself(value: bytes) -> None:
    host = read_host(value)
    if host is not None:
        assert host == host.lower()
        assert not set(host) & set("@/\\%?# []")
        assert read_host((f"[{host}]" if ":" in host else host).encode()) == host


@pytest.mark.parametrize(
    "host", ["localhost", "x.localhost", "127.0.0.1", "127.8.8.8", "127.255.0.3", "::1", "::ffff:127.0.0.1"]
)
def test_this_machine_has_several_names(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        *("example", "localhost.example", "localhost.evil.example", "mylocalhost", "x.local"),
        *("0.0.0.0", "::", "127.1", "2130706433", "10.0.0.1", "192.168.0.1", "fe80::1", "::ffff:10.0.0.1"),
        *("127.0.0.1%evil.example", "127.0.0.1%", "::1%"),
    ],
)
def test_others_are_not_this_machine(host: str) -> None:
    assert not is_this_machine(host)


def test_only_an_address_of_ipv6_has_a_zone() -> None:
    assert parse_address("fe80::1%eth0") == IPv6Address("fe80::1")
    assert is_this_machine("::1%lo")
    assert parse_address("10.0.0.1%eth0") is None
