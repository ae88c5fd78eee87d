import asyncio

from passenger.simulator import Simulator
from tests.simulator.client import Client, connected


async def test_a_connection_serves_many_requests_and_knows_which_came_on_a_used_one(
    sim: Simulator, client: Client
) -> None:
    for _ in range(3):
        assert (await client.chat()).status == 200
    assert [request.reused for request in sim.requests] == [False, True, True]
    assert sim.connections == 1


async def test_requests_sent_at_once_are_answered_in_turn(sim: Simulator, client: Client) -> None:
    for path in ("/models/gpt-4o", "/models/gpt-4.1"):
        client.write("GET", path, client.credentials)
    assert [(await client.read()).json()["id"] for _ in range(2)] == ["gpt-4o", "gpt-4.1"]


async def test_a_client_may_ask_to_close(client: Client) -> None:
    assert (await client.chat(headers={"Connection": "close"})).status == 200
    assert await client.reader.read() == b""


async def test_a_body_in_chunks_is_read(client: Client) -> None:
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"in chunks"}]}'
    head = "".join(f"{name}: {value}\r\n" for name, value in client.credentials.items())
    host = client.sim.url.removeprefix("http://")
    chunks = b"".join(b"%x\r\n%b\r\n" % (1, body[at : at + 1]) for at in range(len(body)))
    start = f"POST /chat/completions HTTP/1.1\r\nHost: {host}\r\n{head}Transfer-Encoding: chunked\r\n\r\n"
    client.writer.write(start.encode() + chunks + b"0\r\n\r\n")
    assert "in chunks" in (await client.read()).body.decode()


async def test_a_client_that_waits_for_100_continue_gets_it(client: Client) -> None:
    head = f"POST /x HTTP/1.1\r\nHost: {client.sim.url[7:]}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    client.writer.write(head.encode())
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.writer.write(b"{}")
    assert (await client.read()).status == 401


async def test_bytes_that_are_no_request_are_answered_400_and_the_connection_closes(client: Client) -> None:
    client.writer.write(b"nonsense\r\n\r\n")
    assert (await client.read()).status == 400
    assert await client.reader.read() == b""


async def test_an_answer_that_was_read_whole_is_done_and_not_closed_early(sim: Simulator) -> None:
    for stream in (False, True):
        async with connected(sim) as client:
            await client.chat(stream=stream)
        request = sim.requests[-1]
        await sim.closed(request)
        assert (request.done, request.closed_early, request.status) == (True, False, 200)
        assert request.finished is not None


async def test_a_client_that_does_not_read_holds_the_answer_back(sim: Simulator, client: Client) -> None:
    client.write("POST", "/chat/completions", client.credentials, BIG)
    await client.reader.readuntil(b"data: ")
    assert (sim.requests[0].done, sim.active) == (False, 1)
    await client.close()
    await sim.closed(sim.requests[0])
    assert sim.requests[0].closed_early


BIG = b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"[[size 30000000]]"}]}'


async def test_connections_are_counted_until_they_close(sim: Simulator) -> None:
    async with connected(sim) as one, connected(sim) as two:
        await asyncio.gather(one.chat(), two.chat())
        assert sim.connections == 2
    async with asyncio.timeout(5):
        while sim.connections:
            await asyncio.sleep(0)
