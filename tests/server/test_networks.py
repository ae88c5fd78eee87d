"""Life behind a company's proxy that re-signs TLS: what is reached, what is said when it is not, what is not shown."""

import asyncio
import base64
import contextlib
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from passenger.simulator import Simulator
from tests.proxy import spawn
from tests.server.bench import Answer, Bench, bench
from tests.tunnel import COPILOT, EXCHANGE, GITHUB, Tunnel, door, identity, silence, tls

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "made-up:pass/word"
IN_A_URL = "made-up%3Apass%2Fword"
IN_A_HEADER = base64.b64encode(f"clerk:{PASSWORD}".encode()).decode()
NETRC = "machine 127.0.0.1 login mallory password stolen\ndefault login mallory password stolen\n"
LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Corp:
    """A company: its certificate authority, its proxy, and a bench behind it."""

    ca: trustme.CA
    tunnel: Tunnel
    port: int
    one: Bench

    async def chat(self) -> Answer:
        return await self.one.chat()

    @contextlib.asynccontextmanager
    async def leading_to(self, port: int) -> AsyncIterator[None]:
        """Let Copilot's name lead elsewhere for a while, and no connection be kept."""
        await self.forget_connections()
        before, self.tunnel.names[COPILOT] = self.tunnel.names[COPILOT], port
        try:
            yield
        finally:
            self.tunnel.names[COPILOT] = before

    @contextlib.asynccontextmanager
    async def answering(self, answer: bytes) -> AsyncIterator[None]:
        """Let the proxy answer this to CONNECT for a while."""
        await self.forget_connections()
        self.tunnel.answer = answer
        try:
            yield
        finally:
            self.tunnel.answer = None

    async def forget_connections(self) -> None:
        """Let the next request need a connection of its own."""
        await self.tunnel.close_tunnels()
        self.tunnel.heads.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def corp(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Corp]:
    directory = tmp_path_factory.mktemp("corp")
    (directory / "home").mkdir()
    (directory / "home" / ".netrc").write_text(NETRC)
    ca, tunnel = trustme.CA(), Tunnel(authorization=f"Basic {IN_A_HEADER}")
    ca.cert_pem.write_to_path(directory / "corp.pem")
    async with contextlib.AsyncExitStack() as stack:
        sim = await stack.enter_async_context(Simulator())
        sim.account.api_url = f"https://{COPILOT}"
        port = int(sim.url.rpartition(":")[2])
        front = await stack.enter_async_context(tls(ca.issue_cert(COPILOT, GITHUB), port))
        await stack.enter_async_context(tunnel.listening())
        tunnel.names |= {COPILOT: front, GITHUB: front}
        env = {**places(tunnel, f"clerk:{IN_A_URL}@"), "NETRC": str(directory / "home" / ".netrc")}
        arguments = ("-vv", "--ca-bundle", str(directory / "corp.pem"))
        config = "[upstream]\nconnect_timeout = 8\n"
        one = await stack.enter_async_context(bench(directory, *arguments, config=config, env=env, simulator=sim))
        yield Corp(ca, tunnel, port, one)


def places(tunnel: Tunnel, credentials: str = "", scheme: str = "http") -> dict[str, str]:
    """The variables that lead through the proxy to Copilot and GitHub."""
    return {
        "HTTPS_PROXY": f"{scheme}://{credentials}localhost:{tunnel.port}",
        "PASSENGER_COPILOT_API_BASE_URL": f"https://{COPILOT}",
        "PASSENGER_GITHUB_COPILOT_TOKEN_URL": EXCHANGE,
    }


# --- what works --------------------------------------------------------------------------------------------------


@pytest.mark.proves("N14", "N15")
async def test_copilot_is_reached_through_the_proxy_on_the_word_of_the_companys_authority(corp: Corp) -> None:
    await corp.forget_connections()
    assert (await corp.chat()).status == 200
    assert (await corp.chat()).status == 200
    assert corp.tunnel.connects == [f"{COPILOT}:443"], "the tunnel is kept"
    assert f"Proxy-Authorization: Basic {IN_A_HEADER}" in corp.tunnel.heads[0]


@pytest.mark.proves("N14")
async def test_the_proxys_password_goes_to_the_proxy_alone(corp: Corp) -> None:
    assert (await corp.chat()).status == 200
    (request,) = corp.one.sim.requests[-1:]
    assert request.header("proxy-authorization") is None
    async with corp.answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"):
        answer = await corp.chat()
    said = "\n".join(corp.one.proxy.lines) + answer.body.decode()
    for secret in (PASSWORD, IN_A_URL, IN_A_HEADER):
        assert secret not in said


@pytest.mark.proves("N13")
async def test_a_netrc_changes_nothing(corp: Corp) -> None:
    assert (await corp.chat()).status == 200
    schemes = {(request.header("authorization") or "none").split()[0].lower() for request in corp.one.sim.requests}
    assert schemes <= {"bearer", "token"}


# --- what does not, and what is said of it -----------------------------------------------------------------------


def assert_said(answer: Answer, *words: str, status: int = 502, code: str = "upstream_unreachable") -> None:
    assert (answer.status, answer.error["code"]) == (status, code), answer.body
    for word in words:
        assert word in answer.error["message"], answer.error["message"]


@pytest.mark.proves("N15", "F23")
async def test_a_certificate_that_nobody_vouches_for_is_a_502_that_says_what_to_do(corp: Corp) -> None:
    async with tls(trustme.CA().issue_cert(COPILOT), corp.port) as port, corp.leading_to(port):
        assert_said(await corp.chat(), f"the certificate of {COPILOT} is not trusted (TLS)", "--ca-bundle")


@pytest.mark.proves("N15", "F23")
async def test_an_expired_certificate_is_a_502_that_asks_for_the_clock(corp: Corp) -> None:
    old = corp.ca.issue_cert(COPILOT, not_before=LONG_AGO, not_after=LONG_AGO + datetime.timedelta(days=1))
    async with tls(old, corp.port) as port, corp.leading_to(port):
        assert_said(await corp.chat(), f"the certificate of {COPILOT} has expired (TLS)", "clock")


@pytest.mark.proves("N15", "F23")
async def test_a_certificate_for_another_name_is_a_502(corp: Corp) -> None:
    async with tls(corp.ca.issue_cert("elsewhere.test"), corp.port) as port, corp.leading_to(port):
        assert_said(await corp.chat(), f"the certificate of {COPILOT} is for another name (TLS)", COPILOT)


@pytest.mark.proves("N15", "F23")
async def test_a_server_that_does_not_speak_tls_is_a_502(corp: Corp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await writer.drain()
        await reader.read()

    async with door(talk) as port, corp.leading_to(port):
        assert_said(await corp.chat(), f"no secure connection to {COPILOT} (TLS)")


@pytest.mark.proves("N15", "F23")
async def test_a_handshake_that_stalls_is_a_504_that_names_tls(corp: Corp) -> None:
    async with door(silence) as port, corp.leading_to(port):
        answer = await corp.chat()
        assert_said(answer, COPILOT, "(TLS)", status=504, code="upstream_timeout")
        assert len(corp.tunnel.connects) == 1


REFUSALS = {
    "407 Proxy Authentication Required": "user and password",
    "403 Blocked by policy": "",
    "503 Service Unavailable": "",
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.proves("N14", "F23")
async def test_a_proxy_that_refuses_is_quoted_and_asked_once(corp: Corp, refusal: str) -> None:
    async with corp.answering(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode()):
        answer = await corp.chat()
        name = f"the proxy localhost:{corp.tunnel.port} (HTTPS_PROXY)"
        assert_said(answer, f"{name} refused to connect us to {COPILOT}: {refusal}", REFUSALS[refusal])
        assert len(corp.tunnel.connects) == 1


@pytest.mark.parametrize("junk", [b"", b"SSH-2.0-OpenSSH_9.9\r\n\r\n"], ids=["nothing", "junk"])
@pytest.mark.proves("N14", "F23")
async def test_a_proxy_that_closes_is_named_and_asked_once_more(corp: Corp, junk: bytes) -> None:
    async with corp.answering(junk):
        assert_said(await corp.chat(), "the proxy localhost:", "(HTTPS_PROXY)", COPILOT)
        assert len(corp.tunnel.connects) == 2


@pytest.mark.proves("N14", "F23")
async def test_a_proxy_that_never_answers_is_a_504_that_names_it(corp: Corp) -> None:
    await corp.forget_connections()
    corp.tunnel.silent = True
    answer = await corp.chat()
    corp.tunnel.silent = False
    words = f"the proxy localhost:{corp.tunnel.port} (HTTPS_PROXY) took too long to connect us to {COPILOT}"
    assert_said(answer, words, status=504, code="upstream_timeout")
    assert len(corp.tunnel.connects) == 1


# --- the commands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Office:
    """A company without a running Passenger: a proxy without a password, and GitHub behind it."""

    ca: trustme.CA
    tunnel: Tunnel
    sim: Simulator
    home: Path

    async def refresh(self, *arguments: str, **env: str) -> tuple[int, str]:
        """Exchange the login through the proxy: the exit code and all that is said."""
        variables = {**places(self.tunnel), "COPILOT_GITHUB_TOKEN": self.sim.login_token, **env}
        process = await spawn(self.home, ["refresh", *arguments], variables)
        return await process.ended(), "\n".join(process.lines)

    def bundle(self) -> str:
        """A file with the company's certificate."""
        path = self.home / "corp.pem"
        self.ca.cert_pem.write_to_path(path)
        return str(path)


@pytest_asyncio.fixture(loop_scope="module")
async def office(home: Path) -> AsyncIterator[Office]:
    async with contextlib.AsyncExitStack() as stack:
        sim = await stack.enter_async_context(Simulator())
        ca, tunnel = trustme.CA(), Tunnel()
        front = await stack.enter_async_context(tls(ca.issue_cert(GITHUB), int(sim.url.rpartition(":")[2])))
        tunnel.names[GITHUB] = front
        await stack.enter_async_context(tunnel.listening())
        yield Office(ca, tunnel, sim, home)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "PASSENGER_NETWORK_CA_BUNDLE"])
@pytest.mark.proves("N15")
async def test_the_companys_authority_may_be_named_by_a_variable(office: Office, variable: str) -> None:
    code, said = await office.refresh(**{variable: office.bundle()})
    assert (code, office.sim.exchanges) == (0, 1), said


@pytest.mark.proves("N15", "F23")
async def test_without_it_the_exchange_fails_and_says_what_to_do(office: Office) -> None:
    code, said = await office.refresh()
    assert (code, office.sim.exchanges) == (1, 0)
    assert f"the certificate of {GITHUB} is not trusted (TLS)" in said
    assert "--ca-bundle" in said


@pytest.mark.proves("N14", "F23")
async def test_a_proxy_that_is_down_is_named(office: Office) -> None:
    async with door(silence) as port:
        pass
    code, said = await office.refresh(HTTPS_PROXY=f"http://127.0.0.1:{port}")
    assert code == 1
    assert f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) cannot be reached (TCP)" in said


@pytest.mark.proves("N14")
async def test_a_proxy_may_itself_speak_tls(office: Office) -> None:
    async with office.tunnel.listening(identity(office.ca.issue_cert("localhost"))):
        secure = places(office.tunnel, scheme="https")["HTTPS_PROXY"]
        code, said = await office.refresh("--ca-bundle", office.bundle(), HTTPS_PROXY=secure)
    assert (code, office.sim.exchanges) == (0, 1), said


@pytest.mark.proves("N15", "F23")
async def test_the_certificate_of_a_proxy_is_the_proxys(office: Office) -> None:
    async with office.tunnel.listening(identity(office.ca.issue_cert("localhost"))):
        code, said = await office.refresh(**places(office.tunnel, scheme="https"))
    assert code == 1
    assert "the certificate of the proxy localhost:" in said


@pytest.mark.proves("N14")
async def test_a_login_goes_through_the_proxy_too(office: Office) -> None:
    office.tunnel.answer = b"HTTP/1.1 403 Blocked\r\nContent-Length: 0\r\n\r\n"
    variables = {**places(office.tunnel), "PASSENGER_GITHUB_DEVICE_CODE_URL": f"https://{GITHUB}/login/device/code"}
    process = await spawn(office.home, ["login"], variables)
    assert await process.ended() == 1
    assert process.logged("refused to connect us to")
    assert set(office.tunnel.connects) == {f"{GITHUB}:443"}
