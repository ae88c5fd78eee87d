"""The bill beside what clients are told: exact where an answer is whole, as far as it was made where it is not."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.bill import Bill, Charge, Row
from passenger.simulator.billing import Counts, nano
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.server import BILL
from tests.simulator.client import Client, Response, connected

MODELS = {
    "chat": ("gpt-4o", "gpt-5.1", "gpt-5.4", "claude-opus-5", "claude-haiku-4.5", "gemini-3-pro-preview"),
    "messages": ("claude-opus-5", "claude-sonnet-4.6"),
    "responses": ("gpt-5.5", "gpt-5.4", "gpt-5-mini"),
}
SAID = ("Hello", "[[think]] Why?", "[[events 40]]", "[[refuse]]", "[[limit 12]]", "long " * 3000)


@contextlib.asynccontextmanager
async def asking(**settings: Any) -> AsyncIterator[tuple[Simulator, Client]]:
    async with Simulator(**settings) as sim, connected(sim) as client:
        yield sim, client


async def ask(client: Client, surface: str, model: str, said: str, **more: Any) -> Response:
    options = {"stream_options": {"include_usage": True}} if more.get("stream") and surface == "chat" else {}
    answer: Response = await getattr(client, surface)(said, model=model, **options, **more)
    return answer


def cost_told(answer: Response, *, stream: bool) -> list[Any]:
    """What an answer says of its cost, each time that it does."""
    bodies = [event for event in answer.events if event != "[DONE]"] if stream else [answer.json()]
    return [body["copilot_usage"] for body in bodies if "copilot_usage" in body]


async def test_whole_answers_of_every_kind_add_up_to_the_bill_to_the_last_nano() -> None:
    chance = random.Random(5)
    total, rows = 0, list[dict[str, Any]]()
    async with asking() as (sim, client):
        for _ in range(300):
            surface = chance.choice(list(MODELS))
            model, said, stream = chance.choice(MODELS[surface]), chance.choice(SAID), chance.random() < 0.5
            (usage,) = cost_told(await ask(client, surface, model, said, stream=stream), stream=stream)
            total += usage["total_nano_aiu"]
            rows.append({row["token_type"]: row["token_count"] for row in usage["token_details"]})
        assert sim.bill.nano == total > 0
        assert sim.bill.requests == 300
        for row, told in zip(sim.bill.rows, rows, strict=True):
            assert {kind: getattr(row.counts, kind) for kind in told} == told
            assert (row.whole, row.told) == (True, row.nano)


async def test_what_is_read_from_a_cache_and_written_to_it_has_a_price_of_its_own() -> None:
    said = [{"type": "text", "text": "cached " * 6000, "cache_control": {"type": "ephemeral"}}]
    async with asking() as (sim, client):
        for _ in range(2):
            await client.messages(said)
        first, second = (row.counts for row in sim.bill.rows)
        assert (first.cache_read, second.cache_read) == (0, first.cache_write)
        assert first.cache_write > second.cache_write == 0
        costs = [row.nano for row in sim.bill.rows]
        assert costs == [
            (first.input * 300 + first.cache_write * 375 + first.output * 1500) * 1000,
            (second.input * 300 + second.cache_read * 30 + second.output * 1500) * 1000,
        ]


REFUSALS = (
    Fault(status=402),
    Fault(status=500),
    Fault(code="rate_limited"),
    Fault(expired=True),
    Fault(html=True),
    Fault(redirect="http://127.0.0.1:9/"),
    Fault(reset=True),
    Fault(overflow=True),
    Fault(body="replaced"),
)


@pytest.mark.parametrize("fault", REFUSALS, ids=repr)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_never_reached_a_model_costs_nothing(fault: Fault, stream: bool) -> None:
    async with asking() as (sim, client):
        sim.inject(fault)
        await client.chat(model="gpt-5.1", stream=stream)
        assert (sim.bill.nano, sim.bill.requests, sim.account.premium_used) == (0, 0, 0)


async def test_a_request_on_a_connection_that_had_been_closed_costs_nothing() -> None:
    async with asking() as (sim, client):
        await client.chat(model="gpt-5.1")
        sim.inject(Fault(refuse_reused=True))
        await client.chat(model="gpt-5.1")
        assert sim.bill.requests == 1


async def test_counting_costs_nothing_and_embeddings_are_billed_as_the_catalogue_says() -> None:
    async with asking() as (sim, client):
        await client.count({"model": "claude-opus-5", "messages": [{"role": "user", "content": "x"}]})
        assert sim.bill.requests == 0
        await client.embed("twelve chars")
        (row,) = sim.bill.rows
        assert (row.path, row.counts, row.nano, row.told, row.premium) == ("/embeddings", Counts(input=3), 0, None, 0)


@pytest.mark.parametrize("fault", [Fault(cut_after=3), Fault(end_after=3), Fault(reset_after=3), Fault(error_after=3)])
@pytest.mark.parametrize("surface", MODELS)
async def test_a_stream_that_ends_early_is_billed_as_far_as_it_was_made(fault: Fault, surface: str) -> None:
    model = {"chat": "gpt-5.1"}.get(surface, MODELS[surface][0])
    path = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}[surface]
    async with asking() as (sim, client):
        await ask(client, surface, model, "[[events 40]]", stream=True)
        sim.inject(fault, path)
        await ask(client, surface, model, "[[events 40]]", stream=True)
        whole, cut = sim.bill.rows
        assert (cut.whole, cut.told) == (False, None)
        assert cut.counts.prompt == whole.counts.prompt
        assert cut.counts.output < whole.counts.output
        assert cut.nano == nano(found(model), cut.counts) > 0


async def test_output_is_billed_event_by_event() -> None:
    """An event of this text has eight characters, which are two tokens."""
    async with asking() as (sim, client):
        for events in range(1, 6):
            sim.inject(Fault(end_after=events))
            await client.chat("[[events 40]]", model="gpt-5.1", stream=True)
        assert [row.counts.output for row in sim.bill.rows] == [0, 2, 4, 6, 8]  # the first one has the prompt's filter


async def test_a_client_that_leaves_stops_the_model() -> None:
    async with asking() as (sim, client):
        sim.inject(Fault(stall_after=3))
        client.write("POST", "/chat/completions", client.credentials, BODY)
        while not sim.bill.requests or sim.bill.rows[0].counts.output < 4:
            await client.reader.read(1000)
        row = sim.bill.rows[0]
        await client.close()
        await sim.closed(sim.requests[0])
        assert sim.bill.rows == [row]
        assert (row.whole, row.told, row.counts.output) == (False, None, 4)
        assert sim.bill.nano == sim.bill.settled == row.nano


@pytest.mark.parametrize("fault", [Fault(headers_then_stall=True), Fault(delay=60)])
async def test_a_client_that_leaves_before_the_first_event_owes_the_prompt(fault: Fault) -> None:
    async with asking() as (sim, client):
        sim.inject(fault)
        client.write("POST", "/chat/completions", client.credentials, BODY)
        while not sim.seen("/chat/completions"):
            await asyncio.sleep(0)
        await client.close()
        await sim.closed(sim.requests[0])
        assert sim.bill.rows[0].counts == Counts(input=6)


BODY = b'{"model":"gpt-5.1","stream":true,"messages":[{"role":"user","content":"[[events 9]]"}]}'


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("surface", MODELS)
async def test_an_answer_may_say_nothing_of_its_cost_or_that_it_is_nothing(surface: str, stream: bool) -> None:
    model = MODELS[surface][1]
    async with asking(copilot_usage="absent") as (sim, client):
        assert cost_told(await ask(client, surface, model, "Hi", stream=stream), stream=stream) == []
        zero = await ask(client, surface, model, "Hi [[copilot-usage zero]]", stream=stream)
        assert cost_told(zero, stream=stream) == [{"token_details": [], "total_nano_aiu": 0}]
        sim.cue("weather", "[[copilot-usage exact]]")
        exact = await ask(client, surface, model, "weather", stream=stream)
        assert [row.told for row in sim.bill.rows] == [None, 0, sim.bill.rows[2].nano]
        assert cost_told(exact, stream=stream)[0]["total_nano_aiu"] == sim.bill.rows[2].nano > 0
        assert all(row.whole and row.nano > 0 for row in sim.bill.rows)


async def test_a_directive_that_is_badly_written_is_passed_over() -> None:
    async with asking() as (sim, client):
        await client.chat("[[copilot-usage perhaps]]", model="gpt-5.1")
        assert sim.bill.rows[0].told == sim.bill.rows[0].nano


async def test_an_account_that_pays_by_requests_is_charged_for_those_of_a_person() -> None:
    async with asking() as (sim, client):
        await client.chat(model="claude-opus-4.5")
        await client.chat(model="claude-opus-4.5", headers={"X-Initiator": "agent"})
        await client.chat(model="claude-haiku-4.5")
        assert [row.premium for row in sim.bill.rows] == [3000, 0, 330]
        assert sim.account.premium_used == pytest.approx(3.33)


async def test_the_bill_can_be_asked_for_whatever_faults_wait() -> None:
    async with asking() as (sim, client):
        await client.chat(model="gpt-5.1", headers={"X-Request-Id": "mine"})
        sim.inject(Fault(status=500), path=None)
        (account,) = (await client.request("GET", BILL)).json()["accounts"]
        row = sim.bill.row("mine")
        assert account == {
            "login": "octo-simulated",
            "plan": "individual",
            "unit": "premium_requests",
            "nano": row.nano,
            "premium": 1000,
            "requests": 1,
            "rows": [row.as_json()],
        }
        assert (row.as_json()["model"], row.as_json()["input"]) == ("gpt-5.1", row.counts.input)
    with pytest.raises(KeyError):
        sim.bill.row("somebody's")


def test_sums_count_every_row_also_those_that_are_not_kept() -> None:
    bill = Bill(keep=2)
    for number in range(5):
        charge = Charge(bill, str(number), "/chat/completions", found("gpt-5.1"), Counts(input=1000))
        charge.begin()
        charge.finish()
        charge.settle()
        charge.settle()
    assert ids(bill.rows) == ["3", "4"]
    assert (bill.requests, bill.nano) == (5, 5 * 1000 * 125_000)


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.request_id for row in rows]


def found(model_id: str) -> Any:
    return Catalogue().find(model_id)
