"""Joining a team from outside: a link, a login at GitHub, a seat, and a key that is shown once."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from stat import S_IMODE
from typing import TypeVar

import pytest

from passenger.simulator import Simulator
from passenger.simulator.account import Account
from passenger.simulator.github import DEVICE_CODE
from passenger.team.audit import Author, local_author
from passenger.team.invites import invite_user
from passenger.team.keys import list_keys
from passenger.team.team_file import change
from passenger.team.users import add_user, find_user
from tests.proxy import PATIENCE, eventually, profile_of
from tests.server.bench import Answer, Bench, asking, bench
from tests.server.test_workers import TWO

T = TypeVar("T")

HTML = {"Accept": "text/html"}
PUBLIC = "https://box.example"


@dataclass
class Lobby:
    """A server with a team that nobody has joined yet, and Ann's account at GitHub beside Mallory's."""

    own: Bench
    path: Path
    ann: Account

    @property
    def sim(self) -> Simulator:
        return self.own.sim

    def change(self, job: Callable[[sqlite3.Connection, Author], T]) -> T:
        return change(self.path, lambda database: job(database, local_author("owner")))

    def invite(self, *, any_github: bool = False) -> str:
        """A link of Ann's, as a path."""
        secret = self.change(lambda database, by: invite_user(database, by, "ann", any_github=any_github))
        return f"/join/{secret.reveal()}"

    @property
    def seat(self) -> str:
        return self.change(lambda database, _: find_user(database, "ann").seat)

    @property
    def keys(self) -> int:
        return self.change(lambda database, _: len(list_keys(database)))

    @property
    def stored(self) -> list[Path]:
        """The files of all seats."""
        return [path for path in (self.path.parent / "seats").rglob("*") if path.is_file()]

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.own.send("GET", path, headers={**HTML, **headers})

    async def post(self, path: str, **headers: str) -> Answer:
        """What the page's own form would send."""
        sent = {**HTML, "Origin": self.own.proxy.url, **headers}
        return await self.own.send("POST", path, headers=sent, allow_redirects=False)

    async def begin(self, link: str) -> str:
        """Begin a login: the code."""
        begun = await self.post(f"{link}/login")
        assert (begun.status, begun.headers["location"]) == (303, link)
        page = await self.get(link)
        found = re.search(r'id="code">([^<]+)<', page.body.decode())
        assert found is not None, text_of(page)
        return found[1]

    async def until(self, link: str, text: str) -> str:
        """The page once it says something."""

        async with asyncio.timeout(PATIENCE):
            while text not in (said := text_of(await self.get(link))):
                await asyncio.sleep(0.01)
        return said

    async def join(self, link: str) -> str:
        """The whole way: the key."""
        await self.begin(link)
        self.sim.approve(self.ann.login)
        await self.until(link, "You have joined")
        return key_in(await self.post(f"{link}/key"))

    async def chat(self, key: str) -> Answer:
        return await self.own.post(asking(), {"Authorization": f"Bearer {key}"})


def text_of(answer: Answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.body.decode())).split())


def key_in(answer: Answer) -> str:
    found = re.search(r'id="key">(psgr_\w+)<', answer.body.decode())
    assert found is not None, text_of(answer)
    return found[1]


@asynccontextmanager
async def lobby_of(directory: Path, *arguments: str, config: str = "") -> AsyncIterator[Lobby]:
    async with Simulator(login="owner-gh", device_interval=0.05, approve_after=1_000_000) as sim:
        ann, _ = sim.add_account("ann-gh"), sim.add_account("mallory")
        async with bench(directory, *arguments, config=config, primed=False, simulator=sim) as own:
            path = profile_of(sim, directory / "home" / ".local" / "state" / "passenger") / "team.sqlite"
            found = Lobby(own, path, ann)
            found.change(lambda database, by: add_user(database, by, "ann", "ann-gh"))
            yield found
            own.proxy.record.forbid([ann.login_token, *ann.minted])


@pytest.fixture
async def lobby(tmp_path: Path) -> AsyncIterator[Lobby]:
    async with lobby_of(tmp_path) as found:
        yield found


async def test_to_look_at_a_link_changes_nothing(lobby: Lobby) -> None:
    link = lobby.invite()
    for _ in range(2):
        page = await lobby.get(link)
        assert page.status == 200
        assert "ann, you are invited" in text_of(page)
        assert "as ann-gh" in text_of(page)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert lobby.sim.seen(DEVICE_CODE) == []
    assert (lobby.seat, lobby.keys) == ("", 0)


@pytest.mark.parametrize("arguments", [(), TWO], ids=["one", "two"])
async def test_who_joins_gets_a_seat_and_a_key_once(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with lobby_of(tmp_path, *arguments) as lobby:
        link = lobby.invite()
        key = await lobby.join(link)
        assert (await lobby.chat(key)).status == 200
        assert (lobby.ann.bill.requests, lobby.sim.account.bill.requests) == (1, 0)
        assert {path.parent.name for path in lobby.stored} == {lobby.seat}
        assert {S_IMODE(path.stat().st_mode) for path in lobby.stored} == {0o600}
        for replayed in (await lobby.get(link), await lobby.post(f"{link}/login"), await lobby.post(f"{link}/key")):
            assert replayed.status == 404
            assert "was used already" in text_of(replayed)
        assert lobby.keys == 1


async def test_neither_link_nor_key_nor_login_is_in_the_log(lobby: Lobby) -> None:
    link = lobby.invite()
    key = await lobby.join(link)
    secret = link.removeprefix("/join/")
    await lobby.get(link)
    await lobby.own.proxy.said("404")
    said = "\n".join(lobby.own.proxy.lines)
    assert "/join/***" in said
    for hidden in (secret, secret.removeprefix("psgi_"), key, lobby.ann.login_token):
        assert hidden not in said
    for file in lobby.path.parent.glob("team.sqlite*"):
        assert secret.encode() not in file.read_bytes()
        assert key.encode() not in file.read_bytes()


async def test_another_login_than_the_one_named_gets_nothing_and_the_link_stays_good(lobby: Lobby) -> None:
    link = lobby.invite()
    await lobby.begin(link)
    lobby.sim.approve("mallory")
    said = await lobby.until(link, "nothing was stored")
    assert "this link is for ann-gh, and GitHub has logged in mallory" in said
    assert (lobby.seat, lobby.keys, lobby.stored) == ("", 0, [])
    assert (await lobby.post(f"{link}/key")).status == 303
    assert lobby.keys == 0
    lobby.sim.device.outcome = None
    assert (await lobby.chat(await lobby.join(link))).status == 200


async def test_where_any_login_will_do_it_becomes_the_persons(lobby: Lobby) -> None:
    link = lobby.invite(any_github=True)
    await lobby.begin(link)
    lobby.sim.approve("mallory")
    assert "your login as mallory at GitHub" in await lobby.until(link, "You have joined")
    assert lobby.change(lambda database, _: find_user(database, "ann").github_login) == "mallory"


async def test_a_login_without_a_licence_is_refused_with_whom_to_ask(tmp_path: Path) -> None:
    async with lobby_of(tmp_path, config='[team]\ncontact = "Eve"\n') as lobby:
        lobby.ann.licensed = False
        link = lobby.invite()
        await lobby.begin(link)
        lobby.sim.approve("ann-gh")
        assert "GitHub login ann-gh: ask Eve for a Copilot licence" in await lobby.until(link, "licence")
        assert (lobby.seat, lobby.stored) == ("", [])


async def test_who_says_no_at_github_may_begin_again(lobby: Lobby) -> None:
    link = lobby.invite()
    first = await lobby.begin(link)
    assert await lobby.begin(link) == first
    lobby.sim.deny()
    assert "Log in to GitHub" in await lobby.until(link, "was cancelled on GitHub's page")
    lobby.sim.device.outcome = None
    assert await lobby.begin(link) != first


@pytest.mark.parametrize("path", ["/join/x", "/join/psgi_" + "a" * 43, "/join/psgi_" + "a" * 43 + "/key"])
async def test_an_unknown_link_is_not_found(lobby: Lobby, path: str) -> None:
    answer = await (lobby.post(path) if path.endswith("/key") else lobby.get(path))
    assert answer.status == 404
    assert "this link is not good any more" in text_of(answer)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
@pytest.mark.parametrize("step", ["login", "key"])
async def test_no_other_page_can_go_on_with_a_link(lobby: Lobby, origin: str, step: str) -> None:
    link = lobby.invite()
    headers = {**HTML, "Origin": origin} if origin else HTML
    assert (await lobby.own.send("POST", f"{link}/{step}", headers=headers)).status == 403
    assert lobby.sim.seen(DEVICE_CODE) == []


async def test_a_link_in_a_mail_may_be_clicked(lobby: Lobby) -> None:
    clicked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await lobby.get(lobby.invite(), **clicked)).status == 200
    assert (await lobby.get(lobby.invite(), **{**clicked, "Sec-Fetch-Mode": "no-cors"})).status == 403
    assert (await lobby.get("/", **clicked)).status == 403


async def test_elsewhere_than_here_it_works_under_the_address_with_tls_alone(tmp_path: Path) -> None:
    config = f'[server]\nallowed_hosts = ["plain.example"]\npublic_url = "{PUBLIC}"\n'
    async with lobby_of(tmp_path, config=config) as lobby:
        link = lobby.invite()
        elsewhere = await lobby.get(link, Host="plain.example")
        assert elsewhere.status == 403
        assert "under its https address alone" in text_of(elsewhere)
        assert (await lobby.get(link, Host="box.example")).status == 200
        for origin, status in (("http://box.example", 403), (PUBLIC, 303)):
            begun = await lobby.post(f"{link}/login", Host="box.example", Origin=origin)
            assert begun.status == status
        lobby.sim.approve("ann-gh")
        await lobby.until(link, "You have joined")
        shown = await lobby.post(f"{link}/key", Host="box.example", Origin=PUBLIC)
        assert f"OPENAI_BASE_URL={PUBLIC}/v1 OPENAI_API_KEY={key_in(shown)}" in text_of(shown)


async def test_a_server_that_stops_gives_up_the_logins_under_way(tmp_path: Path) -> None:
    async with lobby_of(tmp_path) as lobby:
        link = lobby.invite()
        await lobby.begin(link)
        path = lobby.path
    assert change(path, lambda database: database.execute("SELECT phase, error FROM invite").fetchall()) == [
        ("failed", "the server was stopped meanwhile")
    ]


async def test_without_a_team_there_are_no_links(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        answer = await own.send("GET", "/join/psgi_" + "a" * 43, headers=HTML)
        assert answer.status == 404
        assert not [*(tmp_path / "home").rglob("team.sqlite")]


async def test_a_person_deleted_in_the_middle_gets_nothing(lobby: Lobby) -> None:
    link = lobby.invite()
    await lobby.begin(link)
    lobby.change(lambda database, _: database.execute("UPDATE user SET disabled = 1 WHERE name = 'ann'"))
    assert (await lobby.get(link)).status == 404
    lobby.sim.approve("ann-gh")
    await eventually(lambda: not lobby.sim.active and lobby.own.proxy.logged("ann has"))
    assert (await lobby.get(link)).status == 404


@pytest.mark.parametrize("arguments", [(), ("serve", "--await-login")], ids=["serve", "await login"])
async def test_people_ask_by_their_own_seats_where_the_owner_has_none(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    async with Simulator(login="owner-gh", device_interval=0.05, approve_after=1_000_000) as sim:
        ann = sim.add_account("ann-gh")
        path = profile_of(sim, tmp_path / "home" / ".local" / "state" / "passenger") / "team.sqlite"
        change(path, lambda database: add_user(database, Author("owner", 1), "ann", "ann-gh"))
        async with bench(tmp_path, *arguments, login=False, primed=False, simulator=sim) as own:
            lobby = Lobby(own, path, ann)
            ready = await own.get("/readyz")
            assert (ready.status, ready.json()) == (200, {"status": "degraded"})
            assert (await lobby.chat(await lobby.join(lobby.invite()))).status == 200
            own.proxy.record.forbid([ann.login_token, *ann.minted])


async def test_a_key_of_the_team_is_typed_where_nobody_reads_along(tmp_path: Path) -> None:
    config = f'[server]\nallowed_hosts = ["plain.example"]\npublic_url = "{PUBLIC}"\n'
    async with lobby_of(tmp_path, config=config) as lobby:
        for host, status in (("plain.example", 403), ("box.example", 200), ("localhost", 200)):
            shown = await lobby.get("/", Host=host)
            assert shown.status == status
            assert ("would go without TLS" in text_of(shown)) is (status == 403)
        for host, origin, status in (
            ("plain.example", "http://plain.example", 403),
            ("box.example", "http://box.example", 403),
            ("box.example", PUBLIC, 401),
        ):
            typed = await lobby.post("/page/key", Host=host, Origin=origin)
            assert typed.status == status
