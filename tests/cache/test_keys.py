"""Two requests are equal if all that goes up is, and whoever it goes up for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.account.principal import Principal
from passenger.cache.keys import cache_owner, call_digest
from passenger.chat.cache_control import CacheScope
from passenger.copilot.call import Call, Operation

CALL = Call(Operation.CHAT, "/responses", b'{"a":1}', seat="anna", model="m", headers={"X-Beta": "1"})


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"a": 1}'},
        {"seat": "bert"},
        {"model": "n"},
        {"path": "/chat/completions"},
        {"operation": Operation.COUNT},
        {"headers": {"X-Beta": "2"}},
        {"headers": {}},
    ],
)
def test_whatever_differs_makes_another_key(change: dict[str, Any]) -> None:
    assert call_digest(replace(CALL, **change), "me") != call_digest(CALL, "me")
    assert call_digest(CALL, "you") != call_digest(CALL, "me")


def test_the_same_request_has_the_same_key_whatever_its_deadlines() -> None:
    assert call_digest(replace(CALL, first_byte=1.0, idle=2.0, headers={"x-beta": "1"}), "me") == call_digest(
        CALL, "me"
    )


@given(st.text(), st.text(), st.text(), st.text())
def test_no_part_runs_into_the_next_one(owner: str, model: str, other: str, another: str) -> None:
    equal = (owner, model) == (other, another)
    one, two = call_digest(replace(CALL, model=model), owner), call_digest(replace(CALL, model=another), other)
    assert (one == two) is equal


PERSON = Principal("anna's laptop", user="u1", key="k1")
KEY = Principal("key 1")


@pytest.mark.parametrize(
    ("principal", "scope", "owner"),
    [
        (PERSON, "user", "seat/u1"),
        (PERSON, "key", "seat/k1"),
        (PERSON, "seat", "seat"),
        (KEY, "user", "seat/key 1"),
        (KEY, "key", "seat/key 1"),
        (None, "user", "seat/anyone"),
    ],
)
def test_what_is_kept_belongs_to_a_person_a_key_or_a_seat(
    principal: Principal | None, scope: CacheScope, owner: str
) -> None:
    assert cache_owner(principal, "seat", scope) == owner
