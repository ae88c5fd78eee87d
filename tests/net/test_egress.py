"""The way to a destination: direct or by a proxy, with TLS or without."""

import asyncio
import ssl

import pytest

from passenger.net.client import client
from passenger.net.egress import Egress
from passenger.net.proxies import read_proxies
from tests.tunnel import door

CORP = "http://clerk:made-up-word@proxy.corp:3128"
BASIC = "Basic Y2xlcms6bWFkZS11cC13b3Jk"


def network(**environ: str) -> Egress:
    return Egress(read_proxies(environ))


@pytest.mark.proves("N14")
def test_an_https_destination_is_tunnelled_to_and_sees_nothing_of_the_proxys_password() -> None:
    way = network(HTTPS_PROXY=CORP).way("https", "api.github.com", 443)
    assert (way.proxy and way.proxy.url) == "http://proxy.corp:3128"
    assert way.proxy_headers == {"User-Agent": "passenger", "Proxy-Authorization": BASIC}
    assert way.headers == {}
    assert isinstance(way.context, ssl.SSLContext)


@pytest.mark.proves("N14")
def test_what_no_proxy_names_is_asked_directly() -> None:
    way = network(HTTPS_PROXY=CORP, NO_PROXY=".github.com").way("https", "api.github.com", 443)
    assert (way.proxy, way.proxy_headers, way.headers) == (None, None, {})


@pytest.mark.proves("N14")
def test_an_http_destination_on_this_machine_needs_neither_a_proxy_nor_a_context() -> None:
    way = network(ALL_PROXY=CORP).way("http", "127.0.0.1", 8082)
    assert (way.proxy, way.context) == (None, None)


def test_a_proxy_is_called_by_its_address_and_the_variable_that_names_it() -> None:
    named = network(HTTPS_PROXY=CORP, ALL_PROXY=CORP)
    assert str(named.way("https", "api.github.com", 443).proxy) == "proxy.corp:3128 (HTTPS_PROXY)"
    assert str(named.way("http", "copilot.internal.test", 80).proxy) == "proxy.corp:3128 (ALL_PROXY)"


@pytest.mark.proves("N14")
async def test_an_http_destination_is_asked_for_in_absolute_form() -> None:
    heads: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    async with door(proxy) as port:
        through = network(HTTP_PROXY=f"http://clerk:made-up-word@127.0.0.1:{port}")
        async with client(connect_timeout=10, network=through) as http:
            answer = await http.request("GET", "http://copilot.internal.test/models", {"Accept": "*/*"})
            assert await answer.read(100) == b"ok"
    assert heads[0].startswith("GET http://copilot.internal.test/models HTTP/1.1\r\n")
    assert f"Proxy-Authorization: {BASIC}\r\n" in heads[0]
