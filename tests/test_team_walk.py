"""The first day of docs/team.md, as it is typed there: on a real server, from an empty home."""

import asyncio
import json
import os
import re
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from clients.readme import ADDRESS, FENCE, ROOT

from passenger.simulator import Simulator
from tests.cli.conftest import run
from tests.proxy import PATIENCE, environment, profile_of
from tests.server.bench import Answer, Bench, asking, bench
from tests.server.pages.test_join import Lobby


def first_day() -> list[tuple[str, str]]:
    """Languages and texts of the blocks, in their order."""
    page = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
    section = page.partition("\n## The first day\n")[2].partition("\n## ")[0]
    return [(found[1], found[2]) for found in FENCE.finditer(section)]


@dataclass
class Office:
    """A server and whoever types on its machine."""

    own: Bench
    home: Path

    @property
    def team(self) -> Path:
        return profile_of(self.own.sim, self.home / ".local" / "state" / "passenger") / "team.sqlite"

    def move_in(self) -> None:
        """Settings of commands that lead to the simulator and to the server."""
        port = self.own.proxy.url.rpartition(":")[2]
        path = self.home / ".config" / "passenger" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.own.sim.config_toml()}\n[server]\nport = {port}\n")

    async def type(self, language: str, text: str, key: str = "") -> str:
        """What a block of the page says, with the server's address and a key in the places that the page has."""
        text = text.replace(ADDRESS, self.own.proxy.url).replace("psgr_...", key)
        program = [sys.executable, "-c", text] if language == "python" else ["/bin/sh", "-e", "-c", text]
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        process = await asyncio.create_subprocess_exec(
            *program,
            cwd=self.home,
            env={**environment(self.home), "PATH": path},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            said, complained = await process.communicate()
        assert process.returncode == 0, complained.decode()
        return said.decode()

    async def chat(self, key: str, model: str) -> Answer:
        return await self.own.post({**asking(), "model": model}, {"Authorization": f"Bearer {key}"})

    async def until_usage_of(self, name: str) -> None:
        """The ledger has what somebody asked: it is written a moment after the answer."""
        async with asyncio.timeout(PATIENCE):
            while name not in await self.type("sh", "passenger usage --by user"):
                await asyncio.sleep(0.01)


async def test_the_first_day_goes_as_the_page_has_it(tmp_path: Path) -> None:
    begin, program, bounds, agents, evening = first_day()
    home = tmp_path / "home"
    async with Simulator(login="owner-gh", device_interval=0.05, approve_after=1_000_000) as sim:
        alice = sim.add_account("alice-gh")
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            office = Office(own, home)
            office.move_in()
            link = re.search(r"http://localhost:\d+(/join/\S+)", await office.type(*begin))
            assert link is not None
            assert (await own.chat()).status == 401
            key = await Lobby(own, office.team, alice).join(link[1])
            assert "Simulated claude-sonnet-4.5 here" in await office.type(*program, key=key)
            assert (alice.bill.requests, sim.bill.requests) == (1, 0)

            await office.type(*bounds)
            assert "$50.00" in await office.type("sh", "passenger budget show")
            assert "x-ratelimit-limit-requests" in (await office.chat(key, "gpt-4o")).headers

            narrow = (await office.type(*agents)).split()[0]
            assert [(await office.chat(narrow, model)).status for model in ("gpt-4o", "claude-sonnet-4.5")] == [
                200,
                404,
            ]

            await office.until_usage_of("alice")
            assert "alice" in await office.type(*evening)
            async with asyncio.timeout(PATIENCE):
                while (await office.chat(narrow, "gpt-4o")).status != 401:
                    await asyncio.sleep(0.01)
            assert (await office.chat(key, "gpt-4o")).status == 200
        put_back(office)


def put_back(office: Office) -> None:
    """The copy of the first day gives everything back, and no Passenger touches the file of a newer one."""
    office.team.unlink()
    restored = run(office.home, "restore", "november.sqlite")
    assert restored.code == 0, restored.err
    listed = json.loads(run(office.home, "keys", "list", "--user", "alice", "--all", "--json").out)
    assert {one["name"]: one["revoked"] is not None for one in listed} == {"first key": False, "agents": True}
    with closing(sqlite3.connect(office.team)) as database:
        database.execute("PRAGMA user_version = 99")
    before = office.team.read_bytes()
    for command in ((), ("backup", "later.sqlite")):
        refused = run(office.home, *command)
        assert (refused.code, "newer Passenger" in refused.err) == (2, True), refused.err
    assert office.team.read_bytes() == before
