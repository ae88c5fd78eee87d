"""A second port, for programs that look for Ollama where it always is: all routes, the same guard."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.simulator import Simulator
from tests.proxy import spawn
from tests.server.bench import bench

CHAT = {"model": "gpt-4o", "stream": False, "messages": [{"role": "user", "content": "hi"}]}


@contextlib.contextmanager
def held() -> Iterator[int]:
    """A port that a program of ours listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    with held() as port:
        return port


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_both_ports_serve_everything(tmp_path: Path, workers: str) -> None:
    port = free_port()
    async with bench(tmp_path, "--ollama-port", str(port), "--workers", workers) as own:
        for base in (f"http://127.0.0.1:{port}", own.proxy.url):
            async with own.http.get(f"{base}/") as answer:
                assert await answer.read() == b"Ollama is running"
            async with own.http.post(f"{base}/api/chat", json=CHAT) as answer:
                assert (await answer.json())["message"]["content"]
            async with own.http.get(f"{base}/v1/models") as answer:
                assert answer.status == 200
            async with own.http.get(f"{base}/v1/passenger/status") as answer:
                assert (await answer.json())["urls"] == [own.proxy.url, f"http://127.0.0.1:{port}"]
            async with own.http.get(f"{base}/", headers={"Accept": "text/html"}) as answer:
                assert f"<code>http://127.0.0.1:{port}</code>" in await answer.text()
        assert await own.proxy.said(f"Ollama http://127.0.0.1:{port}")


async def test_the_same_guard_stands_before_both(tmp_path: Path) -> None:
    port = free_port()
    keys = {"PASSENGER_API_KEYS": "a-key-of-the-tests"}
    async with bench(tmp_path, "--ollama-port", str(port), primed=False, env=keys) as own:
        for base in (f"http://127.0.0.1:{port}", own.proxy.url):
            for headers, status in (
                ({}, 401),
                ({"Host": "evil.example"}, 421),
                ({"Origin": "https://evil.example"}, 403),
                ({"Authorization": "Bearer a-key-of-the-tests"}, 200),
            ):
                async with own.http.get(f"{base}/api/version", headers=headers) as answer:
                    assert answer.status == status


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_where_it_is_taken_the_holder_is_named_and_nothing_starts(
    simulator: Simulator, home: Path, workers: str
) -> None:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    login = {"COPILOT_GITHUB_TOKEN": simulator.login_token}
    with held() as port:
        arguments = ["-c", str(settings), "--port", "0", "--workers", workers, "--ollama-port", str(port)]
        proxy = await spawn(home, arguments, login)
        assert await proxy.ended() == 1
    said = "\n".join(proxy.lines)
    assert f"port {port} is taken by " in said
    assert "(process " in said
    assert "--ollama-port N" in said


async def test_it_is_another_one_than_the_port(simulator: Simulator, home: Path) -> None:
    settings, port = home / "settings.toml", free_port()
    settings.write_text(f"{simulator.config_toml()}\n[server]\nollama_port = {port}\n")
    arguments = ["-c", str(settings), "--port", str(port)]
    proxy = await spawn(home, arguments, {"COPILOT_GITHUB_TOKEN": simulator.login_token})
    assert await proxy.ended() == 2
    assert any(f"{settings.name}" in line and "ollama_port" in line for line in proxy.lines)
