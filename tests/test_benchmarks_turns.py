"""The load generator on chains of responses and on WebSockets: what it asks next, and when an answer has ended."""

import asyncio
import struct

import pytest
from benchmarks.answers import WORDS, whole_response
from benchmarks.client import Chainer, WrongAnswerError
from benchmarks.load import Job, request
from benchmarks.payloads import BODIES, LINKS, following
from benchmarks.socket_client import SocketAsker, frame, handshake, split
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
COMPLETED = b'{"type":"response.completed"}'


class Wire(asyncio.Transport):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.sent.append(bytes(data))


def served(*texts: bytes) -> bytes:
    """The frames of a server."""
    return b"".join(Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts)


def words(count: int) -> list[bytes]:
    return [b'{"delta":"word%d "}' % number for number in range(count)]


def answered(name: str, *, stored: bool = True) -> bytes:
    store = b"true" if stored else b"false"
    body = whole_response().replace(b'"resp_benchmark"', b'"%b"' % name.encode(), 1)[:-1] + b',"store":%b}' % store
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body


# --- chains ------------------------------------------------------------------------------------------------------


async def prepared(chainer: Chainer, answers: list[bytes]) -> Wire:
    """Let one make its chain, to whose requests these are the answers."""
    wire = Wire()
    chainer.connection_made(wire)
    making = asyncio.ensure_future(chainer.prepare())
    for answer in answers:
        await asyncio.sleep(0)
        chainer.data_received(answer)
    await making
    return wire


async def test_each_link_follows_the_last_and_every_question_the_last_of_them() -> None:
    chainer = Chainer(lambda previous: previous.encode() or b"first", 3)
    wire = await prepared(chainer, [answered(f"resp_{number}") for number in range(3)])
    for _ in range(2):
        asking = asyncio.ensure_future(chainer.ask())
        await asyncio.sleep(0)
        chainer.data_received(answered("resp_x"))
        await asking
    assert wire.sent == [b"first", b"resp_0", b"resp_1", b"resp_2", b"resp_2"]


async def test_a_response_that_is_not_kept_cannot_be_followed() -> None:
    with pytest.raises(WrongAnswerError, match="not kept"):
        await prepared(Chainer(str.encode, 1), [answered("resp_0", stored=False)])


def test_a_chained_turn_says_what_the_whole_one_says_last() -> None:
    last = following("resp_1").partition(b'"input":[')[2].partition(b"],")[0]
    assert last in BODIES["turn"]
    assert len(BODIES["turn"]) > LINKS * len(last)


# --- WebSockets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_a_frame_is_read_by_a_server_as_it_was_written(size: int) -> None:
    server = ServerProtocol()
    server.receive_data(handshake(80, "/v1/responses", "key"))
    (asked,) = server.events_received()
    server.send_response(server.accept(asked))  # type: ignore[arg-type]  # it is a request
    server.receive_data(frame(b"x" * size))
    (came,) = server.events_received()
    assert isinstance(came, Frame)
    assert came.data == b"x" * size


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 100_000])
def test_texts_are_found_however_the_bytes_are_cut(cut: int) -> None:
    texts = [b"a", b"b" * 126, b"c" * 70_000 if cut > 100 else b"c", b""]
    data, rest, found = served(*texts), b"", list[bytes]()
    for at in range(0, len(data), cut):
        more, rest = split(rest + data[at : at + cut])
        found += more
    assert (found, rest) == (texts, b"")


@pytest.mark.parametrize("cut", [1, 11, 100_000])
async def test_an_answer_ends_with_its_last_event(cut: int) -> None:
    asker = SocketAsker(b"upgrade", b"{}")
    wire = Wire()
    asker.connection_made(wire)
    data = UPGRADED + served(*words(WORDS), COMPLETED)
    opening = asyncio.ensure_future(asker.prepare())
    await asyncio.sleep(0)
    asker.data_received(UPGRADED)
    await opening
    asking = asyncio.ensure_future(asker.ask())
    await asyncio.sleep(0)
    answer = data[len(UPGRADED) :]
    for at in range(0, len(answer), cut):
        assert not asking.done()
        asker.data_received(answer[at : at + cut])
    await asking
    asker.check()
    assert wire.sent == [b"upgrade", frame(b"{}")]


@pytest.mark.parametrize("texts", [[*words(WORDS - 1), COMPLETED], [b'{"type":"error","status":503}']])
async def test_a_word_too_few_or_an_error_is_a_wrong_answer(texts: list[bytes]) -> None:
    asker = SocketAsker(b"", b"{}")
    asker.connection_made(Wire())
    asker.data_received(UPGRADED)
    asking = asyncio.ensure_future(asker.ask())
    await asyncio.sleep(0)
    asker.data_received(served(*texts))
    await asking
    with pytest.raises(WrongAnswerError):
        asker.check()


async def test_what_is_no_websocket_is_a_wrong_answer() -> None:
    asker = SocketAsker(b"", b"{}")
    asker.connection_made(Wire())
    asker.data_received(b"HTTP/1.1 426 Upgrade Required\r\n\r\n")
    with pytest.raises(WrongAnswerError, match="426"):
        await asker.prepare()


def test_a_frame_has_its_length_in_front() -> None:
    assert frame(b"x" * 300)[2:4] == struct.pack("!H", 300)


def test_the_first_of_a_chain_follows_nothing() -> None:
    job = Job(kind="closed", body="chained turn", connections=1, slices=2, size=1, path="/v1/responses")
    assert b"previous_response_id" not in request(job)
