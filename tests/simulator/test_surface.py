"""Every fault and order on every surface that streams, and what each surface does alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.simulator.client import Client, Response

Ask = Callable[..., Awaitable[Response]]

PATHS = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}
SURFACES = pytest.mark.parametrize("surface", PATHS)
LAST = {"chat": "[DONE]", "messages": "message_stop", "responses": "response.completed"}


@pytest.fixture
def ask(client: Client, surface: str) -> Ask:
    return {"chat": client.chat, "messages": client.messages, "responses": client.responses}[surface]


def words(answer: Response) -> str:
    """The text of a stream of any surface."""
    found = ""
    for event in answer.events:
        match event:
            case {"choices": [{"delta": {"content": str(text)}}]}:
                found += text
            case {"delta": {"text": str(text)}} | {"type": "response.output_text.delta", "delta": str(text)}:
                found += text
            case _:
                pass
    return found


@SURFACES
async def test_an_answer_can_have_any_number_of_pieces_or_characters(ask: Ask, surface: str) -> None:
    many = await ask("[[events 50]]", stream=True)
    assert words(many) == "".join(f"{n:<8}" for n in range(1, 51))
    assert len(many.events) > 50
    assert len(words(await ask("[[size 100000]]", stream=True, **limits(surface)))) == 100_000


def limits(surface: str) -> dict[str, Any]:
    return {"max_tokens": 50_000} if surface == "messages" else {}


@SURFACES
async def test_words_can_be_a_cue_for_directives(sim: Simulator, ask: Ask, surface: str) -> None:
    sim.cue("about cats", "[[say Miaow.]]")
    assert words(await ask("A joke about cats, please", stream=True)) == "Miaow."
    assert words(await ask("A joke about dogs, please", stream=True)).startswith("Simulated")
    sim.cue("about cats", "[[events 5]] [[cut 3]]")
    cued = await ask("A joke about cats, please", stream=True)
    assert (cued.end, len(cued.chunks)) == ("closed", 4)


@SURFACES
async def test_a_stream_may_be_cut_inside_an_event(sim: Simulator, ask: Ask, surface: str) -> None:
    whole = await ask("[[events 5]]", stream=True)
    sim.inject(Fault(cut_after=3), PATHS[surface])
    cut = await ask("[[events 5]]", stream=True)
    assert (cut.end, len(cut.chunks)) == ("closed", 4)
    assert whole.body.startswith(cut.body)


@SURFACES
async def test_a_message_can_order_its_own_fault(ask: Ask, surface: str) -> None:
    ordered = await ask("[[events 5]] [[cut 2]]", stream=True)
    assert (ordered.end, len(ordered.chunks)) == ("closed", 3), surface


@SURFACES
async def test_a_stream_may_come_a_byte_at_a_time(sim: Simulator, ask: Ask, surface: str) -> None:
    whole = await ask("é 漢", stream=True)
    sim.inject(Fault(split=True), PATHS[surface])
    pieces = await ask("é 漢", stream=True)
    assert pieces.body == whole.body
    assert {len(chunk) for chunk in pieces.chunks} == {1}


@SURFACES
async def test_framing_can_be_unusual(sim: Simulator, ask: Ask, surface: str) -> None:
    plain = await ask(stream=True)
    sim.inject(Fault(crlf=True, no_space=True, comments=True), PATHS[surface])
    odd = (await ask(stream=True)).body
    back = odd.replace(b": ping\r\n\r\n", b"").replace(b"\r\n", b"\n").replace(b"data:", b"data: ")
    named = b"\n".join(
        line.replace(b"event:", b"event: ", 1) if line.startswith(b"event:") else line for line in back.split(b"\n")
    )
    assert named == plain.body


@SURFACES
async def test_a_stream_may_end_early_or_without_its_end(sim: Simulator, ask: Ask, surface: str) -> None:
    sim.inject(Fault(end_after=2), PATHS[surface])
    answer = await ask(stream=True)
    assert (answer.end, len(answer.events)) == ("complete", 2)
    whole = (await ask(stream=True)).events[-1]
    assert (whole if surface == "chat" else whole["type"]) == LAST[surface]


@SURFACES
async def test_a_stream_may_end_with_its_own_error_event(sim: Simulator, ask: Ask, surface: str) -> None:
    sim.inject(Fault(error_after=2, error_code=529), PATHS[surface])
    answer = await ask(stream=True)
    assert (answer.end, len(answer.events)) == ("complete", 3)
    name, event = answer.named[-1]
    match surface:
        case "chat":
            assert (name, event["error"]["code"]) == ("", 529)
        case "messages":
            assert (name, event["type"], event["error"]["type"]) == ("error", "error", "overloaded_error")
        case _:
            assert (name, event["code"], event["sequence_number"]) == ("error", "server_error", 2)


@SURFACES
@pytest.mark.parametrize("fault", [Fault(stall_after=2), Fault(headers_then_stall=True), Fault(after_done_stall=True)])
async def test_silence_lasts_until_the_client_leaves(
    sim: Simulator, client: Client, ask: Ask, surface: str, fault: Fault
) -> None:
    sim.inject(fault, PATHS[surface])
    reading = asyncio.ensure_future(ask(stream=True))
    while not sim.seen(PATHS[surface]):
        await asyncio.sleep(0)
    await client.close()
    await reading
    await sim.closed(sim.seen(PATHS[surface])[0])
    assert sim.seen(PATHS[surface])[0].closed_early


@SURFACES
@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_can_be_reset(sim: Simulator, ask: Ask, surface: str, stream: bool) -> None:
    sim.inject(Fault(reset_after=2), PATHS[surface])
    assert (await ask(stream=stream)).end == "reset"


@SURFACES
async def test_a_status_and_a_code_can_be_ordered(ask: Ask, surface: str) -> None:
    limited = await ask("[[status 429 retry-after=7]]")
    assert (limited.status, limited.headers["retry-after"]) == (429, "7")
    assert (await ask("[[code quota_exceeded]]")).status == 402
    assert surface in PATHS


@SURFACES
@pytest.mark.parametrize("stream", [False, True])
async def test_unicode_line_separators_can_be_inside_a_string(ask: Ask, surface: str, stream: bool) -> None:
    answer = await ask("[[unicode]]", stream=stream)
    assert all(char in answer.body.decode() for char in ("\u2028", "\U0001f686", "\u4e57"))
    assert not stream or "\u2028" in words(answer), surface


@SURFACES
async def test_a_stream_can_be_answered_with_json_and_the_type_can_be_wrong(ask: Ask, surface: str) -> None:
    plain = await ask("[[json]]", stream=True)
    assert plain.headers["content-type"] == "application/json"
    assert "usage" in plain.json()
    assert (await ask("[[wrong-type]]", stream=True)).headers["content-type"] == "application/json"
    assert surface in PATHS


@SURFACES
async def test_a_refusal_ends_it(ask: Ask, surface: str) -> None:
    answer = await ask("[[refuse]]")
    assert answer.status == 200
    if surface == "chat":
        assert answer.json()["choices"][0]["finish_reason"] == "content_filter"


async def test_chat_overflows_when_it_is_told(client: Client) -> None:
    error = (await client.chat("[[overflow]]")).json()["error"]
    assert error["code"] == "model_max_prompt_tokens_exceeded"
    assert error["message"] == "prompt token count of 64001 exceeds the limit of 64000"


@SURFACES
async def test_success_has_quota_headers_and_is_charged(client: Client, surface: str) -> None:
    path, model = PATHS[surface], {"messages": "claude-sonnet-4.5", "responses": "gpt-5.4"}.get(surface, "gpt-5.1")
    body: dict[str, Any] = {"model": model}
    body |= {"input": "x"} if surface == "responses" else {"messages": [{"role": "user", "content": "x"}]}
    body |= {"max_tokens": 9} if surface == "messages" else {}
    name = "x-quota-snapshot-premium_interactions"
    found = [(await client.post(path, body)).headers[name].rpartition("totRem=")[2] for _ in range(2)]
    assert found == ["300.0", "299.0"]
