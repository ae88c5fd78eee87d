"""Each fault as a client sees it on the wire."""

import asyncio

import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.delivery import PATIENCE, deliver
from passenger.simulator.faults import NONE
from passenger.simulator.reply import Event, Reply
from tests.simulator.client import Client, connected


async def test_a_body_may_be_cut_in_the_middle_of_an_event(sim: Simulator, client: Client) -> None:
    whole = await client.chat("[[events 5]]", stream=True)
    sim.inject(Fault(cut_after=3))
    cut = await client.chat("[[events 5]]", stream=True)
    assert cut.end == "closed"
    assert len(cut.chunks) == 4
    assert cut.chunks[:3] == whole.chunks[:3]
    assert whole.chunks[3].startswith(cut.chunks[3])
    assert len(cut.chunks[3]) < len(whole.chunks[3])


async def test_a_plain_body_may_be_cut_after_some_bytes(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(cut_after=10))
    cut = await client.chat()
    assert (cut.end, len(cut.body)) == ("closed", 10)
    assert int(cut.headers["content-length"]) > 10


async def test_a_stream_may_end_well_formed_but_unfinished(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(end_after=2))
    answer = await client.chat(stream=True)
    assert (answer.end, len(answer.events)) == ("complete", 2)


async def test_a_stream_may_end_with_an_error_event(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(error_after=2, error_code=503))
    answer = await client.chat(stream=True)
    assert (answer.end, len(answer.events)) == ("complete", 3)
    error = answer.events[-1]["error"]
    assert (error["code"], error["status"]) == (503, "Service Unavailable")


async def test_done_can_be_left_out(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(no_done=True))
    answer = await client.chat(stream=True)
    assert answer.end == "complete"
    assert b"[DONE]" not in answer.body
    assert answer.events[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("size", [1, 7])
async def test_a_stream_may_come_in_pieces_of_any_size(sim: Simulator, client: Client, size: int) -> None:
    whole = await client.chat("é 漢 🚆", stream=True)
    sim.inject(Fault(split=size))
    pieces = await client.chat("é 漢 🚆", stream=True)
    assert pieces.body == whole.body
    assert {len(chunk) for chunk in pieces.chunks} <= set(range(1, size + 1))
    assert len(pieces.chunks) > len(whole.chunks)


async def test_a_plain_body_split_at_each_byte_is_the_same_body(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(split=True))
    assert (await client.chat()).body == (await client.chat()).body


async def test_framing_can_be_unusual_in_every_allowed_way(sim: Simulator, client: Client) -> None:
    plain = await client.chat(stream=True)
    sim.inject(Fault(crlf=True, no_space=True, comments=True))
    odd = await client.chat(stream=True)
    assert odd.body.startswith(b': ping\r\n\r\ndata:{"choices"')
    assert odd.body.replace(b": ping\r\n\r\n", b"").replace(b"\r\n", b"\n").replace(b"data:", b"data: ") == plain.body


@pytest.mark.parametrize("stream", [False, True])
async def test_unicode_line_separators_can_be_inside_a_string(sim: Simulator, client: Client, stream: bool) -> None:
    sim.inject(Fault(unicode_separators=True))
    answer = await client.chat(stream=stream)
    assert all(char in answer.body.decode() for char in ("\u2028", "\U0001f686", "\u4e57"))
    text = answer.text if stream else answer.json()["choices"][0]["message"]["content"]
    assert "\u2028" in text


@pytest.mark.parametrize(("stream", "wrong"), [(True, "application/json"), (False, "text/event-stream")])
async def test_the_content_type_can_be_wrong(sim: Simulator, client: Client, stream: bool, wrong: str) -> None:
    sim.inject(Fault(wrong_type=True))
    assert (await client.chat(stream=stream)).headers["content-type"] == wrong


async def test_a_stream_can_be_answered_with_json(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(json_for_stream=True))
    answer = await client.chat(stream=True)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["role"] == "assistant"


@pytest.mark.parametrize("stream", [False, True])
async def test_the_content_length_can_be_a_lie(sim: Simulator, client: Client, stream: bool) -> None:
    sim.inject(Fault(lie_length=10))
    answer = await client.chat(stream=stream)
    assert answer.end == "closed"
    assert int(answer.headers["content-length"]) == len(answer.body) + 10


@pytest.mark.parametrize("fault", [Fault(reset=True), Fault(reset_after=2)])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_can_be_reset(sim: Simulator, client: Client, fault: Fault, stream: bool) -> None:
    sim.inject(fault)
    assert (await client.chat(stream=stream)).end == "reset"


async def test_a_reused_connection_can_be_closed_without_a_byte(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(refuse_reused=True))
    assert (await client.chat()).status == 200
    stale = await client.chat()
    assert (stale.status, stale.end, stale.body) == (0, "closed", b"")
    async with connected(sim) as fresh:
        assert (await fresh.chat()).status == 200


async def test_a_connection_can_close_after_a_good_answer_without_saying_so(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(close_after=True))
    answer = await client.chat()
    assert (answer.status, answer.end) == (200, "complete")
    assert "connection" not in answer.headers
    assert await client.reader.read() == b""


@pytest.mark.parametrize(
    "fault",
    [Fault(headers_then_stall=True), Fault(stall_after=2), Fault(after_done_stall=True), Fault(delay=1000)],
    ids=lambda fault: str(fault.ending or fault.delay),
)
async def test_silence_lasts_until_the_client_leaves(sim: Simulator, client: Client, fault: Fault) -> None:
    sim.inject(fault)
    reading = asyncio.ensure_future(client.chat(stream=True))
    while not sim.seen("/chat/completions"):
        await asyncio.sleep(0)
    request = sim.seen("/chat/completions")[0]
    await client.close()
    await reading
    await sim.closed(request)
    assert (request.closed_early, request.done) == (True, False)
    assert request.closed is not None
    assert sim.active == 0


async def test_events_come_before_the_silence(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(stall_after=2))
    client.write("POST", "/chat/completions", client.credentials, CHAT)
    seen = await client.reader.readuntil(b'"usage":null}\n\n')
    assert seen.count(b"data: ") == 2
    assert (sim.active, sim.requests[0].done) == (1, False)


CHAT = b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}'


async def test_delay_and_drip_put_time_between(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(delay=0.02, drip=0.01))
    answer = await client.chat("[[events 3]]", stream=True)
    request = sim.requests[0]
    assert answer.end == "complete"
    assert request.finished is not None
    assert request.finished - request.arrived >= 0.02 + 0.01 * (len(answer.chunks) - 1) - 0.005


async def test_latency_holds_for_every_answer() -> None:
    async with Simulator(latency=0.02) as sim, connected(sim) as client:
        await client.chat()
        request = sim.requests[0]
        assert request.finished is not None
        assert request.finished - request.arrived >= 0.015


class Watched:
    """A line that notes what is written and how long it was silent in between."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    async def flush(self) -> None: ...

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def hang(self) -> None: ...

    def close(self) -> None: ...

    def reset(self) -> None: ...


def streamed(events: int) -> Reply:
    return Reply(200, (), events=tuple(Event(b"{}") for _ in range(events)), done=False)


async def test_a_pace_puts_time_between_the_events_of_a_stream_alone() -> None:
    line = Watched()
    await deliver(line, streamed(4), NONE, pace=0.04)
    await deliver(line, Reply(200, (), b"{}"), NONE, pace=0.04)
    assert line.pauses == [0.04] * 3


async def test_a_long_answer_comes_faster_and_a_fault_has_its_own_time() -> None:
    long, dripping = Watched(), Watched()
    await deliver(long, streamed(10_000), NONE, pace=0.04)
    await deliver(dripping, streamed(3), Fault(drip=0.5), pace=0.04)
    assert sum(long.pauses) == pytest.approx(PATIENCE, rel=0.01)
    assert dripping.pauses == [0.5, 0.5]


async def test_without_a_pace_nothing_waits() -> None:
    line = Watched()
    await deliver(line, streamed(50), NONE)
    assert line.pauses == []
