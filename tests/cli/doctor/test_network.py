"""The way to GitHub and Copilot: each step that can fail, failing."""

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import trustme

from tests.cli.doctor.bench import Ward
from tests.tunnel import COPILOT, EXCHANGE, GITHUB, Tunnel, door, tls

LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
COMPANY = "export PASSENGER_NETWORK_CA_BUNDLE=/path/to/your-company.pem"


async def test_each_step_is_told_with_its_time(ward: Ward) -> None:
    chart = await ward.look("upstream", "proxy")
    for name in ("upstream.github", "upstream.copilot"):
        assert chart[name].state == "ok"
        assert [part.split()[0] for part in chart[name].text.partition(": ")[2].split(", ")] == ["DNS", "TCP", "HTTP"]
    assert chart["proxy"].state == "skip"


async def test_a_name_that_nobody_knows_fails_at_dns(ward: Ward) -> None:
    ward.environ["PASSENGER_GITHUB_COPILOT_TOKEN_URL"] = "https://no.such.host.invalid/copilot_internal/v2/token"
    ward.config, ward.simulator.account.url = "", ward.simulator.url
    found = await ward.look("upstream")
    assert found["upstream.copilot"].state in {"ok", "fail"}
    github = found["upstream.github"]
    assert (github.state, github.fix) == ("fail", "export HTTPS_PROXY=http://your-proxy:8080")
    assert "cannot be resolved (DNS)" in github.text


@dataclass
class Corp:
    """A company whose proxy leads to the simulator by TLS."""

    ward: Ward
    ca: trustme.CA
    tunnel: Tunnel
    port: int

    def believe(self) -> None:
        """Let our settings name the company's certificate."""
        path = self.ward.home / "corp.pem"
        self.ca.cert_pem.write_to_path(path)
        self.ward.environ["PASSENGER_NETWORK_CA_BUNDLE"] = str(path)


@pytest.fixture
async def corp(ward: Ward) -> AsyncIterator[Corp]:
    ca, tunnel = trustme.CA(organization_name="Corp Ltd"), Tunnel()
    async with contextlib.AsyncExitStack() as stack:
        port = int(ward.simulator.url.rpartition(":")[2])
        front = await stack.enter_async_context(tls(ca.issue_cert(COPILOT, GITHUB), port))
        await stack.enter_async_context(tunnel.listening())
        tunnel.names |= {COPILOT: front, GITHUB: front}
        ward.simulator.account.api_url = f"https://{COPILOT}"
        ward.config += f'[copilot]\napi_base_url = "https://{COPILOT}"\n'
        ward.environ |= {
            "HTTPS_PROXY": f"http://clerk:made-up-password@127.0.0.1:{tunnel.port}",
            "PASSENGER_GITHUB_COPILOT_TOKEN_URL": EXCHANGE,
        }
        yield Corp(ward, ca, tunnel, port)


@pytest.mark.proves("N15")
async def test_through_a_company_s_proxy_all_steps_are_told_with_who_signed(corp: Corp) -> None:
    corp.believe()
    chart = await corp.ward.look("upstream", "proxy")
    for name in ("upstream.github", "upstream.copilot"):
        assert chart[name].state == "ok"
        assert "TLS by " in chart[name].text
        assert "Corp Ltd" in chart[name].text
        for step in ("DNS", "TCP", "CONNECT", "TLS", "HTTP"):
            assert f"{step} " in chart[name].text
    assert "HTTPS_PROXY" in chart["proxy"].text
    assert "made-up-password" not in str(chart)


@pytest.mark.proves("N15")
async def test_a_certificate_that_is_not_believed_is_told_with_who_signed_it(corp: Corp) -> None:
    found = (await corp.ward.look("upstream"))["upstream.copilot"]
    assert (found.state, found.fix) == ("fail", COMPANY)
    assert "is not trusted (TLS)" in found.text
    assert "Corp Ltd" in found.text


@pytest.mark.proves("N15")
@pytest.mark.parametrize(
    ("names", "expires", "words", "fix"),
    [
        ((COPILOT,), LONG_AGO, "has expired (TLS)", "sudo timedatectl set-ntp true"),
        (("other.test",), None, "is for another name (TLS)", f"curl -sv https://{COPILOT}:443/"),
    ],
)
async def test_a_certificate_of_another_time_or_name_is_told_as_that(
    corp: Corp, names: tuple[str, ...], expires: datetime.datetime | None, words: str, fix: str
) -> None:
    corp.believe()
    leaf = corp.ca.issue_cert(*names, not_after=expires)
    async with tls(leaf, corp.port) as front:
        corp.tunnel.names[COPILOT] = front
        found = (await corp.ward.look("upstream"))["upstream.copilot"]
    assert (found.state, found.fix) == ("fail", fix)
    assert words in found.text


@pytest.mark.parametrize(
    ("answer", "words", "fix"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "refused to connect us to", f"export NO_PROXY={COPILOT}"),
        (
            b"HTTP/1.1 407 Who are you\r\n\r\n",
            "user and password",
            "export HTTPS_PROXY=http://user:password@127.0.0.1:",
        ),
        (b"", "instead of connecting us", f"export NO_PROXY={COPILOT}"),
        (b"gibberish\r\n\r\n", "", f"export NO_PROXY={COPILOT}"),
    ],
)
async def test_a_proxy_that_does_not_connect_us_is_told_by_what_it_says(
    corp: Corp, answer: bytes, words: str, fix: str
) -> None:
    corp.tunnel.answer = answer
    found = (await corp.ward.look("upstream"))["upstream.copilot"]
    assert found.state == "fail"
    assert words in found.text
    assert found.fix is not None
    assert found.fix.startswith(fix)


async def test_a_proxy_that_is_not_there_is_told_with_the_variable_that_names_it(ward: Ward) -> None:
    ward.environ |= {"https_proxy": "http://127.0.0.1:1", "PASSENGER_GITHUB_COPILOT_TOKEN_URL": EXCHANGE}
    found = (await ward.look("upstream"))["upstream.github"]
    assert (found.state, found.fix) == ("fail", "unset https_proxy")
    assert "cannot be reached (TCP)" in found.text


async def test_a_host_that_says_what_is_no_http_fails_at_http(ward: Ward) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n\r\n")
        await writer.drain()

    async with door(talk) as port:
        ward.environ["PASSENGER_GITHUB_COPILOT_TOKEN_URL"] = f"http://127.0.0.1:{port}/token"
        found = (await ward.look("upstream"))["upstream.github"]
    assert (found.state, found.fix) == ("fail", f"curl -sv http://127.0.0.1:{port}/")
    assert "no HTTP answer" in found.text


async def test_a_store_of_certificates_that_is_not_there_is_told(ward: Ward) -> None:
    ward.environ["SSL_CERT_FILE"] = "/no/such/file.pem"
    found = (await ward.look("proxy")).all("proxy")
    assert next((one.state, one.fix) for one in found) == ("warn", "unset SSL_CERT_FILE")
