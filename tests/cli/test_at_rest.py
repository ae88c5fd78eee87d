"""A server at rest holds what it serves with, and nothing of what only some ask for."""

import subprocess
import sys
from pathlib import Path

UNNEEDED = (
    "aiohttp",
    "cryptography",
    "gzip",
    "jinja2",
    "passenger.cli.setup",
    "passenger.cli.serve.panel",
    "passenger.server.process.workers",
    "passenger.clients.registry",
    "passenger.cli.doctor",
    "passenger.edits.journal",
    "passenger.services",
    "passenger.simulator",
    "passenger.server.pages.overview",
    "regex",
    "rich",
    "sqlite3",
    "tiktoken",
)
"""What browsers, terminals, counts and other commands load when they come."""

SCRIPT = f"""
import os, sys
from passenger.cli import main
from passenger.server.process import server

async def serves(self, sockets):
    print("loaded:", [name for name in {UNNEEDED!r} if name in sys.modules], flush=True)
    os._exit(0)

server.Server.serve = serves
sys.argv = ["passenger", "--port", "0"]
main()
"""


def test_a_server_at_rest_has_loaded_nothing_that_only_some_ask_for(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "COPILOT_GITHUB_TOKEN": "ghu_fake1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1:] == ["loaded: []"], done.stderr
