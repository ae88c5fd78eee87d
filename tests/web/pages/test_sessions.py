"""A session is recognised by whoever began it, while its key is let in, until its end, and in no other form."""

import hashlib
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from passenger.web.pages.sessions import LIFETIME, Sessions

SECRET, OTHER_SECRET = bytes(32), bytes([1]) * 32
ONE, TWO = (hashlib.sha256(name).digest() for name in (b"one", b"two"))


@dataclass
class World:
    """The time, and the keys that are let in."""

    now: float = 1_800_000_000.0
    keys: list[bytes] = field(default_factory=lambda: [ONE, TWO])

    def sessions(self, secret: bytes = SECRET) -> Sessions:
        return Sessions(secret, lambda: self.keys, lambda: self.now)


def test_each_worker_knows_a_session_that_another_began() -> None:
    world = World()
    assert world.sessions().knows(world.sessions().begin(TWO))


def test_a_server_with_another_secret_does_not() -> None:
    world = World()
    assert not world.sessions(OTHER_SECRET).knows(world.sessions().begin(ONE))


def test_it_ends_with_its_time() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.now += LIFETIME - 1
    assert world.sessions().knows(session)
    world.now += 1
    assert not world.sessions().knows(session)


def test_it_ends_with_its_key_and_not_with_another() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.keys = [ONE]
    assert world.sessions().knows(session)
    world.keys = [TWO]
    assert not world.sessions().knows(session)


def test_a_clock_that_is_set_back_makes_none_last_longer() -> None:
    world = World()
    session = world.sessions().begin(ONE)
    world.now -= 3600
    assert not world.sessions().knows(session)


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
    assert not world.sessions().knows(changed)
    assert not world.sessions().knows(session[:place])


@given(st.text(max_size=200))
def test_nor_is_any_text_at_all(text: str) -> None:
    assert not World().sessions().knows(text)
