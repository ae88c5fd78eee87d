"""`passenger explain`: one request of a running server, found by the beginning of its id."""

import asyncio
import json
from pathlib import Path

import aiohttp
import msgspec

from passenger.cli.explain import COLUMNS, row_of
from passenger.observe.records import RequestRecord
from passenger.simulator import Simulator
from tests.cli.conftest import Command, port_of
from tests.cli.test_reach import other_program
from tests.proxy import Proxy, running
from tests.server.bench import CHAT, asking


async def test_before_the_first_request_it_tells_that_there_is_none(command: Command, proxy: Proxy) -> None:
    listed = await asyncio.to_thread(command, "explain", "--port", port_of(proxy))
    assert (listed.code, listed.out, listed.err) == (0, "", "passenger: the server has had no requests yet\n")
    listed = await asyncio.to_thread(command, "explain", "--json", "--port", port_of(proxy))
    assert json.loads(listed.out) == {"requests": []}


async def test_a_request_is_found_by_the_beginning_of_its_id(
    command: Command, simulator: Simulator, home: Path
) -> None:
    async with running(simulator, home) as proxy, aiohttp.ClientSession() as http:
        body = asking("Hello", model="gpt-5.5", top_k=3)
        async with http.post(proxy.url + CHAT, json=body) as answer:
            identity = answer.headers["x-request-id"]
        async with http.post(proxy.url + CHAT, json=asking(model="no-such\x1b[2J")) as answer:
            other = answer.headers["x-request-id"]
        at = ("--port", port_of(proxy))
        whole = await asyncio.to_thread(command, "explain", identity, *at)
        short = await asyncio.to_thread(command, "explain", identity[:8].upper(), "--json", *at)
        listed = await asyncio.to_thread(command, "explain", *at)
        listed_for_programs = await asyncio.to_thread(command, "explain", "--json", *at)
        every = await asyncio.to_thread(command, "explain", "", *at)
        none = await asyncio.to_thread(command, "explain", "zzz", *at)
    assert (whole.code, whole.err) == (0, "")
    assert f"request    {identity}\n" in whole.out
    assert "translated: the client speaks Chat Completions, the model was asked in Responses" in whole.out
    assert "top_k: " in whole.out
    record = msgspec.json.decode(short.out, type=RequestRecord)
    assert (record.id, record.model, record.dropped) == (identity, "gpt-5.5", ["top_k"])
    assert [line.split()[0] for line in listed.out.splitlines()] == ["request", identity[:8], other[:8]]
    assert "no-such\\x1b[2J" in listed.out, "what a client says cannot steer a terminal"
    assert [one["id"] for one in json.loads(listed_for_programs.out)["requests"]] == [identity, other]
    assert (every.code, every.out) == (2, "")
    assert "2 requests begin with" in every.err
    assert (none.code, none.out) == (1, "")
    assert "the server knows of no request 'zzz'; it keeps the last 200" in none.err


def test_without_a_server_nothing_is_known(command: Command) -> None:
    ended = command("explain", "96bb", "--port", "0")
    assert (ended.code, ended.out) == (1, "")
    assert "no server runs" in ended.err


def test_another_program_is_named(command: Command) -> None:
    with other_program() as (port, _):
        ended = command("explain", "96bb", "--port", port)
    assert ended.code == 1
    assert "another program" in ended.err


def test_a_row_has_a_cell_for_each_column() -> None:
    plain = RequestRecord("96bb7a9e-e2bf", 100.0, "POST", "/v1/messages", "curl", "curl/8", 200, "ok", 0.391)
    assert row_of(plain, 160.0) == ("96bb7a9e", "1 min", "curl", "", "200", "", "", "")
    full = msgspec.structs.replace(plain, model="gpt-5.5", input=1204, output=88, credits=0.5)
    assert row_of(full, 102.0)[3:] == ("gpt-5.5", "200", "1.2k", "88", "0.50")
    assert len(row_of(full, 0.0)) == len(COLUMNS)
