"""An answer for several readers: all of it for each, and no more in memory than there may be."""

from dataclasses import dataclass, field

from passenger.cache import recording
from passenger.cache.recording import Recording
from passenger.errors import Failure, Kind
from passenger.net.exceptions import IncompleteBodyError


@dataclass
class Reader:
    """Reads on when told to."""

    position: int = 0
    told: int = 0

    def more(self) -> None:
        self.told += 1


@dataclass
class Source:
    """An upstream's reply that notes its pauses."""

    said: list[str] = field(default_factory=list)

    def pause(self) -> None:
        self.said.append("pause")

    def resume(self) -> None:
        self.said.append("resume")


LARGE = b"x" * (recording.MOST_HELD // 2)


def make(*readers: Reader) -> tuple[Recording, Source]:
    found, source = Recording("text/event-stream", "host"), Source()
    found.source = source
    for reader in readers:
        found.add(reader)
    return found, source


def test_all_is_kept_while_it_is_no_more_than_there_may_be() -> None:
    reader = Reader()
    found, source = make(reader)
    found.piece(b"a")
    reader.position = 1
    found.piece(b"b")
    found.ended(None)
    assert (found.body, found.is_whole, found.is_over, reader.told, source.said) == (b"ab", True, True, 3, [])
    assert [found.at(number) for number in range(3)] == [b"a", b"b", None]


def test_what_is_done_at_the_end_is_done_before_the_readers_hear_of_it() -> None:
    reader = Reader()
    found, _ = make(reader)
    heard = list[int]()
    found.then = lambda: heard.append(reader.told)
    found.ended(None)
    assert (heard, reader.told) == ([0], 1)


def test_upstream_is_paused_until_the_slowest_has_read_on() -> None:
    fast, slow = Reader(), Reader()
    found, source = make(fast, slow)
    for number in range(3):
        found.piece(LARGE)
        fast.position = number + 1
    assert source.said == ["pause"]
    assert found.is_whole
    slow.position = 2
    found.trim()
    assert source.said == ["pause", "resume"]
    assert not found.is_whole
    assert (found.at(2), found.body) == (LARGE, LARGE)


def test_a_slow_reader_that_leaves_holds_nobody_up() -> None:
    fast, slow = Reader(), Reader()
    found, source = make(fast, slow)
    for number in range(3):
        found.piece(LARGE)
        fast.position = number + 1
    found.remove(slow)
    assert source.said == ["pause", "resume"]
    found.remove(slow)  # which is nothing new
    assert found.body == b""


def test_an_error_of_the_network_becomes_a_failure() -> None:
    found, _ = make()
    found.ended(IncompleteBodyError())
    assert found.failure is not None
    assert found.failure.kind is Kind.UPSTREAM
    told = Failure(Kind.TIMEOUT, "too late")
    found, _ = make()
    found.ended(told)
    assert found.failure is told
