"""How a connection is made: each step in its turn, and the step named that fails."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from passenger.errors import Kind
from passenger.net.client import HttpClient, client
from passenger.net.egress import Egress
from passenger.net.exceptions import ProtocolError, ProxyRefusedError, StaleConnectionError, UnconnectedError
from passenger.net.network_failure import network_failure
from passenger.net.proxies import read_proxies
from passenger.net.resolver import SocketAddress
from tests.net.loops import on_each_loop
from tests.net.scripted import Scripted, closing, scripted
from tests.net.test_client import whole
from tests.proxy import eventually
from tests.tunnel import Tunnel, door, identity, silence, tls

HOST = "copilot.internal.test"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CA = trustme.CA()


def believing(ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    return context


@contextlib.asynccontextmanager
async def asking(timeout: float = 20.0, ca: trustme.CA = CA, **environ: str) -> AsyncIterator[HttpClient]:
    """A client whose every name leads to this machine."""

    def here(host: str, port: int, family: int) -> list[SocketAddress]:
        if host.startswith("none."):
            raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
        return [SocketAddress("127.0.0.1", port)]

    network = Egress(read_proxies(environ), lambda: believing(ca))
    async with client(connect_timeout=timeout, network=network, look_up=here) as http:
        yield http


async def body_of(http: HttpClient, url: str) -> bytes:
    return await whole(await http.request("GET", url, {"Authorization": "Bearer x"}))


async def unconnected(http: HttpClient, url: str) -> UnconnectedError:
    with pytest.raises(UnconnectedError) as caught:
        await http.request("GET", url, {})
    return caught.value


def said(error: UnconnectedError) -> str:
    return network_failure(error, HOST).message


# --- TLS ---------------------------------------------------------------------------------------------------------


@on_each_loop
async def test_an_https_origin_is_reached_by_tls_and_its_connection_kept() -> None:
    async with scripted(SHORT, context=identity(CA.issue_cert(HOST))) as server, asking() as http:
        for _ in range(3):
            assert await body_of(http, f"https://{HOST}:{server.port}/") == b"ok"
        assert server.connections == 1
        assert f"Host: {HOST}:{server.port}\r\n".encode() in server.asked[0]


@on_each_loop
async def test_a_large_body_goes_both_ways_by_tls() -> None:
    body = bytes(range(256)) * 20_000
    much = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with scripted(much, context=identity(CA.issue_cert(HOST))) as server, asking() as http:
        for _ in range(2):
            response = await http.request("POST", f"https://{HOST}:{server.port}/", {}, body)
            assert await whole(response) == body
            assert server.asked[-1].endswith(body)
        assert server.connections == 1


@on_each_loop
async def test_a_kept_tls_connection_that_was_closed_is_stale() -> None:
    async with scripted(SHORT, closing(), context=identity(CA.issue_cert(HOST))) as server, asking() as http:
        url = f"https://{HOST}:{server.port}/"
        assert await body_of(http, url) == b"ok"
        with pytest.raises(StaleConnectionError):
            await body_of(http, url)


@pytest.mark.proves("N15", "F23")
@on_each_loop
async def test_a_certificate_that_nobody_vouches_for_is_told() -> None:
    stranger = trustme.CA()
    async with scripted(SHORT, context=identity(stranger.issue_cert(HOST))) as server, asking() as http:
        error = await unconnected(http, f"https://{HOST}:{server.port}/")
        assert (error.hop.step, error.retryable) == ("TLS", True)
        assert f"the certificate of {HOST} is not trusted (TLS)" in said(error)
        assert server.asked == []


@pytest.mark.proves("N15", "F23")
@on_each_loop
async def test_a_certificate_for_another_name_is_told() -> None:
    async with scripted(SHORT, context=identity(CA.issue_cert("elsewhere.test"))) as server, asking() as http:
        assert "is for another name (TLS)" in said(await unconnected(http, f"https://{HOST}:{server.port}/"))


@on_each_loop
async def test_a_server_without_tls_is_told() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await reader.read()

    async with door(talk) as port, asking() as http:
        assert f"no secure connection to {HOST} (TLS)" in said(await unconnected(http, f"https://{HOST}:{port}/"))


@on_each_loop
async def test_a_server_that_closes_in_the_handshake_is_told() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with door(close) as port, asking() as http:
        assert f"no secure connection to {HOST} (TLS)" in said(await unconnected(http, f"https://{HOST}:{port}/"))


# --- one deadline for all steps ----------------------------------------------------------------------------------


@pytest.mark.proves("F23", "promise 8")
@on_each_loop
async def test_a_handshake_that_stalls_is_told_and_its_socket_closed() -> None:
    open_ones = 0

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_ones
        open_ones += 1
        try:
            while await reader.read(1000):
                pass
        finally:
            open_ones -= 1

    async with door(stall) as port, asking(timeout=1.5) as http:
        error = await unconnected(http, f"https://{HOST}:{port}/")
        assert network_failure(error, HOST).kind is Kind.TIMEOUT
        assert said(error) == f"connecting to {HOST} took too long (TLS)"
        assert not error.retryable
        await eventually(lambda: open_ones == 0)


@pytest.mark.proves("F23", "promise 7")
@on_each_loop
async def test_whoever_gives_up_while_it_connects_leaves_nothing_behind() -> None:
    open_ones = heard = 0

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_ones, heard
        open_ones, heard = open_ones + 1, heard + 1
        try:
            while await reader.read(1000):
                pass
        finally:
            open_ones -= 1

    async with door(stall) as port, asking() as http:
        task = asyncio.create_task(body_of(http, f"https://{HOST}:{port}/"))
        await eventually(lambda: heard)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await eventually(lambda: open_ones == 0)


@on_each_loop
async def test_a_name_that_there_is_not_is_told() -> None:
    async with asking() as http:
        error = await unconnected(http, "https://none.test/")
        assert (error.hop.step, error.hop.peer) == ("DNS", "none.test")
        assert said(error) == "the name of none.test cannot be resolved (DNS): there is no such name"


# --- proxies -----------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def tunnelled(scheme: str = "http", **options: str) -> AsyncIterator[tuple[HttpClient, Tunnel, Scripted]]:
    """A client behind a proxy, and a TLS server that only the proxy reaches."""
    tunnel = Tunnel(**options)  # type: ignore[arg-type]  # words, all of them
    context = identity(CA.issue_cert("localhost")) if scheme == "https" else None
    async with scripted(SHORT, context=identity(CA.issue_cert(HOST))) as server, tunnel.listening(context):
        tunnel.names[HOST] = server.port
        async with asking(HTTPS_PROXY=f"{scheme}://clerk:word@localhost:{tunnel.port}") as http:
            yield http, tunnel, server


URL = f"https://{HOST}/"


@pytest.mark.proves("N15")
@pytest.mark.parametrize("scheme", ["http", "https"])
@on_each_loop
async def test_an_https_origin_is_reached_through_a_proxys_tunnel(scheme: str) -> None:
    async with tunnelled(scheme) as (http, tunnel, server):
        for _ in range(3):
            assert await body_of(http, URL) == b"ok"
        assert (tunnel.connects, server.connections) == ([f"{HOST}:443"], 1)
        head = tunnel.heads[0]
        assert head.startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n")
        assert "Proxy-Authorization: Basic Y2xlcms6d29yZA==\r\n" in head
        assert "Bearer" not in head
        assert b"proxy-authorization" not in server.asked[0].lower()
        assert f"Host: {HOST}\r\n".encode() in server.asked[0]


CONSENTS = {
    "plainly": b"HTTP/1.1 200 Connection established\r\n\r\n",
    "1.0": b"HTTP/1.0 200 OK\r\n\r\n",
    "another 2xx": b"HTTP/1.1 204 Fine\r\n\r\n",
    "with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "with chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
}


@contextlib.asynccontextmanager
async def consenting(consent: bytes, pause: float | None = None) -> AsyncIterator[tuple[HttpClient, Scripted]]:
    """A client behind a proxy that says this, whole or byte by byte, and then lets through."""
    from tests.tunnel import join

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for at in range(0, len(consent), len(consent) if pause is None else 1):
            writer.write(consent[at : at + (len(consent) if pause is None else 1)])
            await writer.drain()
            await asyncio.sleep(pause or 0)
        await join(reader, writer, server.port)

    async with (
        scripted(SHORT, context=identity(CA.issue_cert(HOST))) as server,
        door(proxy) as port,
        asking(HTTPS_PROXY=f"http://localhost:{port}") as http,
    ):
        yield http, server


@pytest.mark.parametrize("pause", [None, 0.0])
@pytest.mark.parametrize("name", CONSENTS)
@on_each_loop
async def test_a_proxy_may_consent_in_many_ways(name: str, pause: float | None) -> None:
    async with consenting(CONSENTS[name], pause) as (http, _):
        assert await body_of(http, URL) == b"ok"


@pytest.mark.parametrize(
    ("refusal", "hint"),
    [("407 Proxy Authentication Required", "user and password"), ("403 Blocked by policy", ""), ("302 Found", "")],
)
@on_each_loop
async def test_a_proxy_that_refuses_is_quoted(refusal: str, hint: str) -> None:
    page = b"<html>why</html>"
    answer = f"HTTP/1.1 {refusal}\r\nContent-Length: {len(page)}\r\n\r\n".encode() + page
    async with tunnelled(answer=answer) as (http, tunnel, server):  # type: ignore[arg-type]  # bytes are meant here
        error = await unconnected(http, URL)
        assert isinstance(error.cause, ProxyRefusedError)
        assert (error.hop.step, error.retryable, server.connections) == ("CONNECT", False, 0)
        assert f"the proxy localhost:{tunnel.port} (HTTPS_PROXY) refused to connect us to {HOST}: {refusal}" in said(
            error
        )
        assert hint in said(error)


NO_ANSWERS = {
    "nothing": b"",
    "junk": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nX:",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 20_000,
    "101": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "more than an answer": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.proves("F23")
@pytest.mark.parametrize("name", NO_ANSWERS)
@on_each_loop
async def test_a_proxy_that_answers_otherwise_is_named(name: str) -> None:
    async with tunnelled(answer=NO_ANSWERS[name]) as (http, tunnel, server):  # type: ignore[arg-type]  # bytes are meant
        error = await unconnected(http, URL)
        assert (error.hop.step, error.retryable, server.connections) == ("CONNECT", True, 0)
        assert said(error).startswith(f"the proxy localhost:{tunnel.port} (HTTPS_PROXY) closed the connection")


@on_each_loop
async def test_what_a_tunnel_says_too_much_is_a_breach_of_its_protocol() -> None:
    async with tunnelled(answer=NO_ANSWERS["a body"]) as (http, _, _):  # type: ignore[arg-type]  # bytes are meant
        assert isinstance((await unconnected(http, URL)).cause, ProtocolError)


@on_each_loop
async def test_a_proxy_that_never_answers_is_named() -> None:
    async with door(silence) as port, asking(timeout=1.5, HTTPS_PROXY=f"http://localhost:{port}") as http:
        error = await unconnected(http, URL)
        assert said(error) == f"the proxy localhost:{port} (HTTPS_PROXY) took too long to connect us to {HOST}"


@on_each_loop
async def test_a_proxy_that_is_down_is_named() -> None:
    async with door(silence) as port:
        pass
    async with asking(HTTPS_PROXY=f"http://localhost:{port}") as http:
        assert f"the proxy localhost:{port} (HTTPS_PROXY) cannot be reached (TCP)" in said(await unconnected(http, URL))


@on_each_loop
async def test_the_certificate_behind_a_tunnel_is_the_destinations() -> None:
    tunnel, stranger = Tunnel(), trustme.CA()
    async with (
        scripted(SHORT) as server,
        tls(stranger.issue_cert(HOST), server.port) as front,
        tunnel.listening(),
        asking(HTTPS_PROXY=f"http://localhost:{tunnel.port}") as http,
    ):
        tunnel.names[HOST] = front
        assert f"the certificate of {HOST} is not trusted (TLS)" in said(await unconnected(http, URL))


@on_each_loop
async def test_the_certificate_of_a_proxy_is_the_proxys() -> None:
    tunnel, stranger = Tunnel(), trustme.CA()
    async with (
        tunnel.listening(identity(stranger.issue_cert("localhost"))),
        asking(HTTPS_PROXY=f"https://localhost:{tunnel.port}") as http,
    ):
        assert "the certificate of the proxy localhost:" in said(await unconnected(http, URL))


@on_each_loop
async def test_an_http_origin_is_asked_of_its_proxy_in_absolute_form() -> None:
    async with scripted(SHORT) as proxy, asking(HTTP_PROXY=f"http://clerk:word@localhost:{proxy.port}") as http:
        assert await body_of(http, f"http://{HOST}:8080/models?a=b") == b"ok"
        assert await body_of(http, f"http://{HOST}:8080/models?a=b") == b"ok"
        assert proxy.connections == 1
        assert proxy.asked[0].startswith(
            f"GET http://{HOST}:8080/models?a=b HTTP/1.1\r\nHost: {HOST}:8080\r\n".encode()
        )
        assert b"Proxy-Authorization: Basic Y2xlcms6d29yZA==\r\n" in proxy.asked[0]


@on_each_loop
async def test_connections_are_not_shared_between_origins() -> None:
    async with scripted(SHORT) as proxy, asking(HTTP_PROXY=f"http://localhost:{proxy.port}") as http:
        assert await body_of(http, "http://one.test/") == b"ok"
        assert await body_of(http, "http://two.test/") == b"ok"
        assert proxy.connections == 2


# --- both families -----------------------------------------------------------------------------------------------


@pytest.mark.proves("F23")
@on_each_loop
async def test_an_address_that_takes_no_connection_costs_nothing_but_a_moment() -> None:
    async with scripted(SHORT) as server:

        def look_up(host: str, port: int, family: int) -> list[SocketAddress]:
            return [
                SocketAddress("::1", server.port, socket.AF_INET6),  # nobody listens there
                SocketAddress("127.0.0.1", server.port),
            ]

        async with client(connect_timeout=20, look_up=look_up) as http:
            assert await body_of(http, f"http://two.test:{server.port}/") == b"ok"


@on_each_loop
async def test_an_address_is_asked_for_anew_once_a_connection_failed() -> None:
    asked: list[str] = []
    async with scripted(SHORT) as server:

        def look_up(host: str, port: int, family: int) -> list[SocketAddress]:
            asked.append(host)
            return [SocketAddress("127.0.0.1", 1 if len(asked) == 1 else server.port)]

        async with client(connect_timeout=20, look_up=look_up) as http:
            await unconnected(http, "http://moved.test/")
            for _ in range(2):
                response = await http.request("GET", "http://moved.test/", {}, fresh=True)
                assert await whole(response) == b"ok"
    assert asked == ["moved.test"] * 2
