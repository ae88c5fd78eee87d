"""What clients get when Copilot's answers break, lie, stall or never come; and what is tried again, and what never."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from passenger.simulator import Fault
from tests.proxy import eventually
from tests.server.bench import AGES, DONE, EXCHANGE, Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

VENDORS = ("gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro")
WORDS = "these words are enough for a stream of several events"


async def assert_broken(one: Bench, answer: Answer, code: str, before: int | None = None) -> None:
    """The stream ended with one error event, no `[DONE]`, and what came before is what the same stream begins with."""
    assert answer.status == 200
    assert b"[DONE]" not in answer.body
    assert answer.body.count(b'"error"') == 1
    error = answer.chunks[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    if before is not None:
        assert len(answer.events) == before + 1
    assert "outcome=broken" in await one.line(answer)


# --- streams that break ------------------------------------------------------------------------------------------

BREAKS: dict[str, Callable[[int], Fault]] = {
    "cut": lambda after: Fault(cut_after=after),
    "end": lambda after: Fault(end_after=after),
    "reset": lambda after: Fault(reset_after=after),
}


@pytest.mark.proves("F32", "promise 6")
@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("after", [0, 1, 2, 4])
@pytest.mark.parametrize("how", BREAKS)
async def test_a_broken_stream_ends_with_an_error_event(shared: Bench, model: str, how: str, after: int) -> None:
    body = asking(WORDS, model=model, stream=True)
    whole = await shared.post(body)
    shared.sim.inject(BREAKS[how](after))
    broken = await shared.post(body)
    # A reset throws away what the kernel still holds, so that less may come than was sent.
    await assert_broken(shared, broken, "stream_broken", after if how != "reset" else None)
    assert broken.events[:-1] == whole.events[: len(broken.events) - 1]
    assert len(shared.chats()) == 2


async def test_an_event_cut_in_half_is_not_passed_on(shared: Bench) -> None:
    shared.sim.inject(Fault(cut_after=2, split=True))
    broken = await shared.stream(WORDS)
    await assert_broken(shared, broken, "stream_broken", 2)


async def test_a_stream_cut_after_its_finish_is_not_complete_without_a_word_of_it(shared: Bench) -> None:
    body = asking(WORDS, stream=True, stream_options={"include_usage": True})
    whole = await shared.post(body)
    shared.sim.inject(Fault(cut_after=len(whole.events) - 1))
    broken = await shared.post(body)
    await assert_broken(shared, broken, "stream_broken", len(whole.events) - 1)


async def test_a_stream_with_three_choices_breaks_where_one_did_not_finish(shared: Bench) -> None:
    body = asking(WORDS, stream=True, n=3)
    whole = await shared.post(body)
    finish = [number for number, event in enumerate(whole.events) if b'"finish_reason":"stop"' in event]
    shared.sim.inject(Fault(end_after=finish[-1]))
    broken = await shared.post(body)
    await assert_broken(shared, broken, "stream_broken")


@pytest.mark.proves("F33")
@pytest.mark.parametrize("code", [429, 500, 503])
async def test_an_error_in_mid_stream_comes_down_once_and_is_recorded(shared: Bench, code: int) -> None:
    shared.sim.inject(Fault(error_after=2, error_code=code))
    broken = await shared.stream(WORDS)
    assert broken.status == 200
    assert b"[DONE]" not in broken.body
    assert broken.body.count(b'"error"') == 1
    assert broken.chunks[-1]["error"]["code"] == code
    assert broken.chunks[-1]["error"]["message"] == "Simulated failure in mid-stream."
    line = await shared.line(broken)
    assert "outcome=broken" in line
    assert str(code) in line


async def test_an_error_in_mid_stream_followed_by_a_cut_comes_down_once(shared: Bench) -> None:
    event = b'data: {"error":{"message":"no more","code":"overloaded"}}\n\n'
    shared.sim.inject(Fault(body=event + b'data: {"cho', headers={"content-type": "text/event-stream"}))
    assert (await shared.stream()).body == event


async def test_a_stream_complete_in_itself_is_whole_though_its_length_was_a_lie(shared: Bench) -> None:
    shared.sim.inject(Fault(lie_length=10))
    assert (await shared.stream(WORDS)).events[-1] == DONE


@pytest.mark.proves("F26")
@pytest.mark.parametrize("fault", [Fault(json_for_stream=True), Fault(wrong_type=True)])
async def test_json_where_a_stream_was_asked_for_is_a_502(shared: Bench, fault: Fault) -> None:
    shared.sim.inject(fault)
    answer = await shared.stream()
    assert answer.status == 502
    assert answer.error["code"] == "bad_answer"
    await shared.sim.closed(shared.chats()[0])


@pytest.mark.proves("F32")
async def test_a_stream_of_nothing_is_a_break(shared: Bench) -> None:
    shared.sim.inject(Fault(body=b"", headers={"content-type": "text/event-stream"}))
    await assert_broken(shared, await shared.stream(), "stream_broken", 0)


async def test_done_before_the_answer_is_finished_is_a_break(shared: Bench) -> None:
    event = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    shared.sim.inject(Fault(body=event + DONE, headers={"content-type": "text/event-stream"}))
    broken = await shared.stream()
    assert broken.events[0] == event
    await assert_broken(shared, broken, "stream_broken", 1)


# --- whole answers that break ------------------------------------------------------------------------------------

HALVES = {
    "cut": (Fault(cut_after=20), 502, "stream_broken"),
    "cut at once": (Fault(cut_after=0), 502, "stream_broken"),
    "reset": (Fault(reset_after=20), 502, None),
    "shorter than it says": (Fault(lie_length=10), 502, "stream_broken"),
    "half a JSON": (Fault(body=b'{"choices": [{"index"'), 502, "bad_answer"),
    "no object": (Fault(body=b"[1, 2]"), 502, "bad_answer"),
    "text": (Fault(body=b"hello"), 502, "bad_answer"),
    "nothing": (Fault(body=b""), 502, "bad_answer"),
    "a very deep one": (Fault(body=b"[" * 100_000), 502, "bad_answer"),
}


@pytest.mark.proves("F32", "promise 10")
@pytest.mark.parametrize("name", HALVES)
async def test_half_an_answer_is_a_502_and_never_asked_for_again(shared: Bench, name: str) -> None:
    fault, status, code = HALVES[name]
    shared.sim.inject(fault)
    answer = await shared.chat(WORDS)
    assert answer.status == status
    assert code in {None, answer.error["code"]}
    assert len(shared.chats()) == 1


ODD = {
    "choices of other shapes": b'{"choices":[1,"a",null]}',
    "choices that are no list": b'{"choices":{"a":1}}',
    "a message that is no object": b'{"choices":[{"index":0,"message":"hi"}]}',
    "calls that are no list": b'{"choices":[{"index":0,"message":{"tool_calls":7}}]}',
    "an index that is no number": b'{"choices":[{"index":[],"message":{}}]}',
}


@pytest.mark.parametrize("name", ODD)
async def test_an_answer_of_an_unknown_shape_is_no_failure_of_ours(shared: Bench, name: str) -> None:
    shared.sim.inject(Fault(body=ODD[name]))
    answer = await shared.post(asking(WORDS), headers={"Connection": "close"})
    assert answer.status in {200, 502}
    assert answer.status == 200 or answer.error["code"] == "bad_answer"
    assert len(shared.chats()) == 1


# --- deadlines ---------------------------------------------------------------------------------------------------

DEADLINES = """
[upstream]
first_byte_timeout = 5.0
complete_timeout = 5.0
idle_timeout = 5.0
"""
LATE = {
    "never": f"[[delay {AGES}]]",
    "headers": "[[headers]]",
    "stall 1": "[[stall 1]]",
    "stall 3": "[[stall 3]]",
    "drip": "[[drip 0.7]] " + WORDS,  # in all longer than the idle timeout, between two events much shorter
}


@dataclass(frozen=True)
class Late:
    """Answers that all waited for the same deadlines at once, by name and by whether a stream was asked for."""

    one: Bench
    answers: Mapping[tuple[str, bool], Answer]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def late(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Late]:
    async with bench(tmp_path_factory.mktemp("late"), config=DEADLINES) as one:
        asked = [(name, stream) for name in LATE for stream in (False, True)]
        answers = await asyncio.gather(*[one.chat(LATE[name], stream=stream) for name, stream in asked])
        yield Late(one, dict(zip(asked, answers, strict=True)))


@pytest.mark.proves("F34")
@pytest.mark.parametrize(("name", "events"), [("headers", 0), ("stall 1", 1), ("stall 3", 3)])
async def test_a_stream_that_stalls_too_long_is_ended(late: Late, name: str, events: int) -> None:
    await assert_broken(late.one, late.answers[name, True], "upstream_timeout", events)


@pytest.mark.proves("F34")
async def test_a_slow_stream_that_goes_on_is_not_ended(late: Late) -> None:
    answer = late.answers["drip", True]
    assert answer.events[-1] == DONE
    assert len(answer.events) > 8


@pytest.mark.proves("F27")
@pytest.mark.parametrize(
    ("name", "stream"), [("never", False), ("never", True), ("headers", False), ("stall 1", False), ("stall 3", False)]
)
async def test_an_answer_that_does_not_come_in_time_is_a_504(late: Late, name: str, stream: bool) -> None:
    answer = late.answers[name, stream]
    assert answer.status == 504
    assert answer.error["code"] == "upstream_timeout"
    assert "127.0.0.1" in answer.error["message"]


async def test_what_came_too_late_is_closed_upstream_and_never_asked_for_again(late: Late) -> None:
    assert len(late.one.chats()) == 2 * len(LATE)
    for request in late.one.chats():
        await late.one.sim.closed(request)
    assert sum(request.closed_early for request in late.one.chats()) == 2 * len(LATE) - 2


# --- answers from somebody else ----------------------------------------------------------------------------------


@pytest.mark.proves("F21")
@pytest.mark.parametrize("stream", [False, True])
async def test_githubs_web_page_of_an_error_is_a_502_that_names_it(shared: Bench, stream: bool) -> None:
    shared.sim.inject(Fault(html=True))
    answer = await shared.chat(stream=stream)
    assert answer.status == 502
    assert "Unicorn" in answer.error["message"]
    assert "<" not in answer.error["message"]


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what was sent there."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard


REDIRECTS = (301, 302, 303, 307, 308)


@pytest.mark.proves("N13", "N14")
@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_redirect_is_not_followed_and_no_token_goes_there(shared: Bench, stream: bool, status: int) -> None:
    async with listening() as (port, heard):
        shared.sim.inject(Fault(redirect=f"http://127.0.0.1:{port}/", status=status))
        answer = await shared.chat(stream=stream)
        assert answer.status == 502
        assert answer.error["code"] == "upstream_redirect"
        assert heard == []


@pytest.mark.proves("N13", "N14")
async def test_a_redirect_of_the_models_or_the_exchange_is_not_followed_either(tmp_path: Path) -> None:
    async with listening() as (port, heard), bench(tmp_path, primed=False) as own:
        for status in REDIRECTS:
            own.sim.inject(Fault(redirect=f"http://127.0.0.1:{port}/", status=status), path="/models")
            answer = await own.get("/v1/models")
            assert (answer.status, answer.error["code"]) == (502, "upstream_redirect")
        own.sim.inject(Fault(redirect=f"http://127.0.0.1:{port}/"), path=EXCHANGE)
        own.sim.revoke_tokens()
        answer = await own.chat()
        assert answer.status == 503
        assert "307" in answer.error["message"]
        assert heard == []


@pytest.mark.proves("F25")
async def test_what_is_not_http_is_a_502(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        config = f'[copilot]\napi_base_url = "http://127.0.0.1:{port}"\n'
        async with bench(tmp_path, config=config, primed=False) as own:
            answer = await own.chat()
            assert answer.status == 502
            assert answer.error["code"] == "upstream_protocol"


# --- the retry table ---------------------------------------------------------------------------------------------


@pytest.mark.proves("F1")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_refused_token_is_exchanged_and_the_request_replayed(shared: Bench, stream: bool) -> None:
    shared.sim.revoke_tokens()
    answer = await shared.chat(WORDS, stream=stream)
    assert answer.status == 200
    assert not stream or answer.events[-1] == DONE
    assert shared.sim.exchanges == 1
    first, second = shared.chats()
    assert (first.status, second.status) == (401, 200)
    assert first.body == second.body
    assert first.header("authorization") != second.header("authorization")
    assert "retries=401" in await shared.line(answer)


@pytest.mark.proves("F3", "promise 4")
async def test_many_refused_at_once_cost_one_exchange(shared: Bench) -> None:
    shared.sim.revoke_tokens()
    answers = await asyncio.gather(*[shared.chat(f"number {number}", stream=True) for number in range(20)])
    assert {answer.status for answer in answers} == {200}
    assert shared.sim.exchanges == 1


@pytest.mark.proves("F2")
async def test_a_token_refused_twice_is_a_401_that_names_the_login(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.inject(Fault(expired=True), times=None)
        answer = await own.chat()
        assert answer.status == 401
        assert "passenger login" in answer.error["message"]
        assert own.sim.exchanges == 1
        assert len(own.chats()) == 2
        again = await own.stream()
        assert again.status == 401
        assert own.sim.exchanges <= 2  # after a pause it is tried again, see docs/errors.md
        own.sim.clear()
        assert (await own.stream()).status == 200


async def test_a_seat_that_has_moved_is_followed(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        own.sim.move_seat()
        answer = await own.stream()
        assert answer.status == 200
        assert answer.events[-1] == DONE
        assert own.sim.exchanges == 1
        first, second = own.chats()
        assert (first.status, second.status) == (421, 200)
        assert (second.header("host") or "").startswith("localhost:")
        assert "retries=421" in await own.line(answer)
        assert (await own.chat()).status == 200
        assert len(own.chats()) == 3


async def test_misdirected_twice_is_passed_on(shared: Bench) -> None:
    shared.sim.inject(Fault(status=421), times=2)
    answer = await shared.chat()
    assert answer.status == 421
    assert answer.error
    assert shared.sim.exchanges == 1
    assert len(shared.chats()) == 2


@pytest.mark.proves("F24")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [Fault(refuse_reused=True), Fault(reset=True, refuse_reused=True)])
async def test_a_stale_connection_is_replaced_once_and_the_log_says_so(
    shared: Bench, stream: bool, fault: Fault
) -> None:
    assert (await shared.chat()).status == 200
    shared.sim.requests.clear()
    shared.sim.inject(fault)
    answer = await shared.chat(stream=stream)
    assert answer.status == 200
    stale, fresh = shared.chats()
    assert (stale.reused, fresh.reused) == (True, False)
    assert stale.body == fresh.body
    assert 'retries="stale connection"' in await shared.line(answer)


@pytest.mark.proves("F24")
async def test_connections_closed_after_each_answer_harm_nobody(shared: Bench) -> None:
    shared.sim.inject(Fault(close_after=True), times=None)
    statuses = [(await shared.chat(f"number {number}")).status for number in range(40)]
    assert statuses == [200] * 40


@pytest.mark.proves("F24", "promise 10")
async def test_a_failure_on_a_fresh_connection_is_never_sent_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        for stream in (False, True):
            own.sim.inject(Fault(close_after=True, headers={"connection": "close"}))
            assert (await own.chat()).status == 200
            await eventually(lambda: own.sim.connections == 0)
            own.sim.requests.clear()
            own.sim.inject(Fault(reset=True))
            answer = await own.chat(stream=stream)
            assert [request.reused for request in own.chats()] == [False]
            assert answer.status == 502
            assert answer.error["code"] == "upstream_disconnected"


@pytest.mark.proves("F24")
async def test_a_second_failure_is_the_last(shared: Bench) -> None:
    assert (await shared.chat()).status == 200
    shared.sim.requests.clear()
    shared.sim.inject(Fault(reset=True), times=2)
    answer = await shared.chat()
    assert answer.status == 502
    assert len(shared.chats()) == 2


@pytest.mark.proves("F20", "promise 10")
@pytest.mark.parametrize("status", [400, 402, 403, 404, 408, 413, 422, 429, 466, 499, 500, 502, 503, 504, 529])
async def test_an_error_is_never_asked_for_again(shared: Bench, status: int) -> None:
    for stream in (False, True):
        shared.sim.inject(Fault(status=status, headers={"retry-after": "0"}))
        assert (await shared.chat(stream=stream)).status == status
    assert len(shared.chats()) == 2
    assert shared.sim.exchanges == 0


@pytest.mark.proves("promise 10")
async def test_a_cut_stream_is_never_asked_for_again(shared: Bench) -> None:
    shared.sim.inject(Fault(cut_after=0))
    await shared.stream()
    assert len(shared.chats()) == 1


async def test_a_body_is_sent_again_as_it_was(shared: Bench) -> None:
    body = json.dumps(asking("x" * 200_000)).encode()
    shared.sim.revoke_tokens()
    assert (await shared.post(body)).status == 200
    assert [request.body == body for request in shared.chats()] == [True, True]
