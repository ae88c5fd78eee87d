"""Wrong keys that peers have shown."""

from passenger.server.wrong_keys import REMEMBERED, WHILE, WrongKeys
from tests.fakes import Clock

MOST = 10


def test_a_peer_may_try_again_once_its_first_wrong_key_is_a_while_ago() -> None:
    clock = Clock()
    tries = WrongKeys(MOST, clock)
    for _ in range(MOST):
        assert tries.wait("192.0.2.1") == 0
        tries.note("192.0.2.1")
        clock.now += 1
    assert tries.wait("192.0.2.1") == WHILE - MOST
    assert tries.wait("192.0.2.2") == 0
    clock.now += WHILE - MOST
    assert tries.wait("192.0.2.1") == 0


def test_a_network_of_ipv6_is_one_peer() -> None:
    tries = WrongKeys(MOST, Clock())
    for number in range(MOST):
        tries.note(f"2001:db8::{number}")
    assert tries.wait("2001:db8::ffff") > 0
    assert tries.wait("2001:db8:0:1::1") == 0
    assert tries.wait("::ffff:192.0.2.1") == 0


def test_only_so_many_peers_are_remembered() -> None:
    tries = WrongKeys(MOST, Clock())
    for _ in range(MOST):
        tries.note("192.0.2.1")
    for number in range(REMEMBERED):
        tries.note(f"peer {number}")
    assert tries.wait("192.0.2.1") == 0
