"""A session is recognised by whoever began it, while its key is let in, until its end, and in no other form."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from passenger.server.pages.sessions import LIFETIME, Sessions, cookies, set_cookie

PEER = "127.0.0.1"
SECRET, OTHER_SECRET = bytes(32), bytes([1]) * 32
ONE, TWO = (hashlib.sha256(name).digest() for name in (b"one", b"two"))


@dataclass
class World:
    """The time, and the keys that are let in."""

    now: float = 1_800_000_000.0
    keys: list[bytes] = field(default_factory=lambda: [ONE, TWO])

    def sessions(self, secret: bytes = SECRET) -> Sessions:
        return Sessions(secret, lambda _peer: self.keys, lambda: self.now)


def test_each_worker_knows_a_session_that_another_began() -> None:
    world = World()
    assert world.sessions().knows(world.sessions().begin(TWO), PEER)


def test_a_server_with_another_secret_does_not() -> None:
    world = World()
    assert not world.sessions(OTHER_SECRET).knows(world.sessions().begin(ONE), PEER)


def test_it_ends_with_its_time() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.now += LIFETIME - 1
    assert world.sessions().knows(session, PEER)
    world.now += 1
    assert not world.sessions().knows(session, PEER)


def test_it_ends_with_its_key_and_not_with_another() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.keys = [ONE]
    assert world.sessions().knows(session, PEER)
    world.keys = [TWO]
    assert not world.sessions().knows(session, PEER)


def test_a_clock_that_is_set_back_makes_none_last_longer() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.now -= 3600
    assert not world.sessions().knows(session, PEER)


def test_it_tells_nothing_of_the_key_and_is_another_each_time() -> None:
    sessions = World().sessions()
    first, second = sessions.begin(ONE), sessions.begin(ONE)
    assert first != second
    assert ONE.hex() not in first


@given(st.data())
def test_no_other_text_is_a_session(data: st.DataObject) -> None:
    world = World()
    session = world.sessions().begin(ONE)
    place = data.draw(st.integers(0, len(session) - 1))
    char = data.draw(st.characters().filter(lambda one: one != session[place]))
    changed = session[:place] + char + session[place + 1 :]
    assert not world.sessions().knows(changed, PEER)
    assert not world.sessions().knows(session[:place], PEER)


@given(st.text(max_size=200))
def test_nor_is_any_text_at_all(text: str) -> None:
    assert not World().sessions().knows(text, PEER)


# --- the cookie -------------------------------------------------------------------------------------------------------


def scope(*values: str, port: int | None = 8081) -> dict[str, Any]:
    server = ("127.0.0.1", port) if port is not None else None
    return {"server": server, "headers": [(b"cookie", value.encode()) for value in values]}


def test_scripts_and_other_sites_have_no_part_in_it() -> None:
    cookie = set_cookie(scope(), "abc", 60, secure=False)
    assert cookie == "passenger-8081=abc; Max-Age=60; HttpOnly; SameSite=Strict; Path=/"


def test_over_tls_it_stays_there() -> None:
    assert set_cookie(scope(), "abc", 60, secure=True).endswith("; Secure")


def test_every_one_of_that_name_is_found_and_no_other() -> None:
    found = scope(
        "a=1; passenger-8081=x; passenger-9000=no; passenger-8081=y", "passenger-8081=z;b", "passenger-80811=n"
    )
    assert list(cookies(found)) == ["x", "y", "z"]


def test_where_nothing_is_known_of_a_port_it_has_a_name_all_the_same() -> None:
    assert list(cookies(scope("passenger-0=x", port=None))) == ["x"]
