"""What a worker's share of the limits is."""

from dataclasses import fields

import pytest

from passenger.limits import Limits, about

OF_ALL = {"max_connections", "websockets", "max_requests", "max_body_memory"}


def test_one_worker_has_all_of_them() -> None:
    assert Limits().divided(1) == Limits()
    odd = Limits(max_body=1 << 26, max_body_memory=1 << 20)
    assert odd.divided(1) == odd


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_what_all_clients_share_is_divided_and_nothing_else(workers: int) -> None:
    whole, share = Limits(), Limits().divided(workers)
    for limit in fields(Limits):
        name = limit.name
        assert getattr(share, name) == getattr(whole, name) // (workers if name in OF_ALL else 1), name
        assert about(limit).of_all == (name in OF_ALL)


def test_a_share_is_never_nothing() -> None:
    assert Limits(max_connections=4, max_requests=4).divided(64).max_requests == 1


def test_a_body_that_is_allowed_finds_room_in_every_worker() -> None:
    assert Limits().divided(64).max_body_memory == Limits().max_body
    small = Limits(max_body_memory=1 << 20)
    assert small.divided(4).max_body_memory == 1 << 20
