"""A team's keys at a running server: who is let in, for what, and how soon a key is taken back."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from passenger.server.guard import GUESSES
from passenger.team.audit import Author, local_author
from passenger.team.key_format import shown_form
from passenger.team.keys import KeyGrant, create_key, find_key, revoke_key, rotate_key
from passenger.team.team_file import change
from passenger.team.users import add_user, disable_user, find_user, local_user
from tests.cli.conftest import run
from tests.proxy import eventually, profile_of
from tests.server.bench import Answer, Bench, asking, bench
from tests.server.test_workers import TWO

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")


class Team:
    """The team's file of a server, and requests with its keys."""

    def __init__(self, own: Bench, home: Path) -> None:
        self.own = own
        self.path = profile_of(own.sim, home / ".local" / "state" / "passenger") / "team.sqlite"

    def change(self, job: Callable[[sqlite3.Connection, Author], T]) -> T:
        return change(self.path, lambda database: job(database, local_author("ann")))

    def add(self, name: str = "alice") -> None:
        self.change(lambda database, by: add_user(database, by, name, f"{name}-gh"))

    def key(self, grant: KeyGrant | None = None, user: str = "alice") -> str:
        made = self.change(
            lambda database, by: create_key(database, by, find_user(database, user), grant or KeyGrant())
        )
        return made.secret.reveal()

    async def chat(self, key: str, text: str = "hello", **fields: object) -> Answer:
        return await self.own.post(asking(text, **fields), {"Authorization": f"Bearer {key}"})

    async def begin(self) -> None:
        """Let there be a team with alice in it, and the server know."""
        self.add()
        await self.until("", 401)

    async def until(self, key: str, status: int) -> None:
        """A key is answered so, from some look at the file on."""
        async with asyncio.timeout(20):
            while (await self.chat(key)).status != status:
                await asyncio.sleep(0.01)


SHARED = {"PASSENGER_TEAM_SHARE_PERSONAL_SEAT": "i-understand"}
"""Everybody asks by the owner's seat: what is tried here are keys."""


@contextlib.asynccontextmanager
async def team_of(tmp_path: Path, *arguments: str, config: str = "") -> Any:
    async with bench(tmp_path, *arguments, config=config, env=SHARED, primed=not config) as own:
        yield Team(own, tmp_path / "home")


async def test_the_first_user_closes_the_door(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        assert (await team.own.chat()).status == 200
        assert not team.path.exists()
        team.add()
        await team.until("", 401)
        refused = await team.own.chat()
        assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
        assert (
            "`passenger keys create`" in refused.error["message"] or "passenger keys create" in refused.error["message"]
        )
        key = team.key()
        await team.until(key, 200)
        answer = await team.chat(key)
        line = await team.own.line(answer)
        assert "who=alice" in line
        assert f"key={key[:9]}…{key[-4:]}" in line
        assert key not in "\n".join(team.own.proxy.lines)


@pytest.mark.parametrize("arguments", [(), TWO], ids=["one", "two"])
async def test_a_revoked_key_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with team_of(tmp_path, *arguments) as team:
        await team.begin()
        key = team.key()
        team.change(lambda database, by: revoke_key(database, by, shown_form(key)))
        async with asyncio.timeout(20):
            refused = 0
            while refused < 20:  # by every worker
                answer = await team.own.post(asking(), {"Authorization": f"Bearer {key}", "Connection": "close"})
                refused = refused + 1 if answer.status in {401, 429} else 0
        assert answer.error["code"] == "invalid_api_key"


async def test_who_is_disabled_is_refused_with_all_keys(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        one, two = team.key(), team.key()
        team.change(lambda database, by: disable_user(database, by, "alice"))
        await team.until(one, 401)
        await team.until(two, 401)
        team.change(lambda database, by: disable_user(database, by, "alice", disabled=False))


async def test_a_rotated_key_is_good_for_its_grace(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        before = team.key()
        after = team.change(lambda database, by: rotate_key(database, by, shown_form(before), 3600)).secret.reveal()
        assert (await team.chat(before)).status == 200
        last = team.change(lambda database, by: rotate_key(database, by, shown_form(after), 0)).secret.reveal()
        assert [(await team.chat(key)).status for key in (last, before, after)] == [200, 401, 401]


@pytest.mark.parametrize("now", [False, True])
async def test_a_revocation_ends_running_answers_where_it_says_so(tmp_path: Path, now: bool) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key, other = team.key(), team.key()
        number = len(team.own.chats())
        head = f"Authorization: Bearer {key}\r\n"
        wire = await team.own.open(asking("[[stall 2]]", stream=True), head=head) if now else None
        if wire is None:
            asked = asyncio.create_task(team.chat(key, text="[[delay 2]]", stream=True))
        await team.own.upstream(number=number + 1)
        team.change(lambda database, by: revoke_key(database, by, shown_form(key), cut=now))
        if wire is not None:
            await wire.until(b"\r\n\r\n")
            said = await wire.until(b"0\r\n\r\n")
            assert b'"code":"key_revoked"' in said
            assert b"[DONE]" not in said
        else:
            assert (await asked).data[-1] == b"[DONE]"
        assert (await team.chat(other)).status == 200


SCOPES = {
    "models": (KeyGrant(models=("claude-*",)), 404, "model_not_found"),
    "dialects": (KeyGrant(dialects=("messages",)), 403, "dialect_not_allowed"),
    "operations": (KeyGrant(operations=("embeddings",)), 403, "operation_not_allowed"),
    "networks": (KeyGrant(networks=("192.0.2.0/24",)), 403, "address_not_allowed"),
    "admin": (KeyGrant(kind="admin"), 403, "admin_key"),
}


@pytest.mark.parametrize("name", SCOPES)
async def test_a_key_asks_for_nothing_beyond_its_scope(tmp_path: Path, name: str) -> None:
    grant, status, code = SCOPES[name]
    async with team_of(tmp_path) as team:
        await team.begin()
        asked = len(team.own.sim.requests)
        refused = await team.chat(team.key(grant))
        assert (refused.status, refused.error["code"]) == (status, code)
        assert len(team.own.sim.requests) == asked


async def test_a_key_is_shown_the_models_that_it_may_use(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key(KeyGrant(models=("claude-*", "gpt-4o")))
        headers = {"Authorization": f"Bearer {key}"}
        listed = [model["id"] for model in (await team.own.get("/v1/models", headers)).json()["data"]]
        assert "gpt-4o" in listed
        assert {name.partition("-")[0] for name in listed} == {"claude", "gpt"}
        assert [name for name in listed if name.startswith("gpt")] == ["gpt-4o"]
        tags = [model["model"] for model in (await team.own.get("/api/tags", headers)).json()["models"]]
        assert not [name for name in tags if name.startswith("gemini")]
        assert (await team.own.get("/v1/models/gpt-5.5", headers)).status == 404
        named = await team.own.send(
            "POST", "/v1beta/models/gemini-2.5-pro:generateContent", json=GEMINI, headers=headers
        )
        assert named.status == 404
        counted = await team.own.send(
            "POST", "/v1/messages/count_tokens", json={**MESSAGES, "model": "gpt-5.5"}, headers=headers
        )
        assert counted.status == 404


GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
MESSAGES = {"max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


async def test_two_different_keys_are_no_guess(tmp_path: Path) -> None:
    async with team_of(tmp_path, config='[server]\napi_keys = ["old-key-old-key-old"]\n') as team:
        await team.begin()
        one, two = team.key(), team.key()
        for first, second, status in (
            (one, two, 400),
            (one, "old-key-old-key-old", 400),
            (one, one, 200),
            (one, "nonsense", 200),
            ("old-key-old-key-old", "nonsense", 200),
        ):
            answer = await team.own.post(asking(), {"Authorization": f"Bearer {first}", "x-api-key": second})
            assert answer.status == status, (first == one, second)
        assert (await team.own.post(asking(), {"Authorization": f"Bearer {one}", "x-api-key": two})).error[
            "code"
        ] == "two_keys"


async def test_guessing_is_slowed_and_a_right_key_is_let_in(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key()
        told = [(await team.chat(f"guess {number}")) for number in range(GUESSES + 1)]
        assert [answer.status for answer in told] == [401] * GUESSES + [429]
        assert told[-1].error["message"] == told[0].error["message"]
        assert 0 < int(told[-1].headers["retry-after"]) <= 61
        assert (await team.chat(key)).status == 200
        assert (await team.own.chat()).status == 401  # without any key nothing was guessed


async def test_a_member_sees_nothing_of_the_server(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        member, admin = team.key(), team.key(KeyGrant(kind="admin"))
        local = team.change(lambda database, by: create_key(database, by, local_user(database, by), KeyGrant()))
        await team.until(local.secret.reveal(), 200)
        for key, status in ((member, 403), (admin, 200), (local.secret.reveal(), 200)):
            headers = {"x-api-key": key}
            assert (await team.own.get("/v1/passenger/requests", headers)).status == status
            told = (await team.own.get("/v1/passenger/status", headers)).json()
            assert (told["account"] is None) == (key == member)
            assert told["needs_key"] is True


@pytest.mark.parametrize("shares", [True, False], ids=["shared", "no seat"])
async def test_a_member_is_told_of_the_models_that_are_theirs(tmp_path: Path, shares: bool) -> None:
    async with bench(tmp_path, env=SHARED if shares else {}) as own:
        team = Team(own, tmp_path / "home")
        await team.begin()
        headers = {"x-api-key": team.key(KeyGrant(models=("claude-*",)))}
        listed = await own.get("/v1/passenger/models", headers)
        status = (await own.get("/v1/passenger/status", headers)).json()
        if not shares:
            assert (listed.status, listed.error["code"], status["models"]) == (403, "no_seat", None)
            return
        models = listed.json()["models"]
        assert {one["id"].partition("-")[0] for one in models} == {"claude"}
        assert sum(status["models"].values()) == len(models)
        every = team.change(lambda database, by: create_key(database, by, local_user(database, by), KeyGrant()))
        whole = await own.get("/v1/passenger/models", {"x-api-key": every.secret.reveal()})
        assert len(whole.json()["models"]) > len(models)


async def test_a_member_is_not_told_the_troubles_and_the_code_of_the_servers_own_login(tmp_path: Path) -> None:
    async with bench(tmp_path, "serve", "--await-login", login=False, primed=False, env=SHARED) as own:
        team = Team(own, tmp_path / "home")
        team.add()
        member = {"x-api-key": team.key()}
        local = team.change(lambda database, by: create_key(database, by, local_user(database, by), KeyGrant()))
        owner = {"x-api-key": local.secret.reveal()}
        begun = await own.send(
            "POST", "/page/login", headers={**owner, "Origin": own.proxy.url}, data={}, allow_redirects=False
        )
        assert begun.status == 303
        async with asyncio.timeout(20):
            while (code := (await own.get("/v1/passenger/login", owner)).json()["login"]["code"]) is None:
                await asyncio.sleep(0.01)
        told = await own.get("/v1/passenger/login", member)
        assert (told.status, told.json()["logged_in"]) == (200, False)
        assert code.encode() not in told.body
        assert (await own.get("/v1/passenger/status", owner)).json()["degraded"]
        status = (await own.get("/v1/passenger/status", member)).json()
        assert (status["degraded"], status["status"]) == ({}, "degraded")


async def test_the_ledger_and_the_team_know_whose_key_asked(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key()
        assert (await team.chat(key)).status == 200
        used = team.path.with_name("ledger.sqlite")
        await eventually(lambda: usage_of(used))
        assert usage_of(used) == [(1,)]
    held = team.change(lambda database, _: find_key(database, shown_form(key)))
    assert held.last_used
    ended = run(tmp_path / "home", "-c", "settings.toml", "usage", "--by", "user", "--json")
    assert [row["user"] for row in json.loads(ended.out)["rows"]] in (["alice", ""], ["", "alice"])


def usage_of(path: Path) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT requests FROM usage_user").fetchall()


async def test_a_websocket_takes_no_more_requests_of_a_revoked_key(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key()
        headers = {"Authorization": f"Bearer {key}"}
        body = {"type": "response.create", "model": "gpt-5.5", "input": "hello"}
        async with team.own.http.ws_connect(f"{team.own.proxy.url}/v1/responses", headers=headers) as socket:
            await socket.send_json(body)
            assert await kind_of_end(socket) == "response.completed"
            team.change(lambda database, by: revoke_key(database, by, shown_form(key)))
            await team.until(key, 401)
            await socket.send_json(body)
            assert await kind_of_end(socket) == "error"


async def kind_of_end(socket: Any) -> str:
    while True:
        event = json.loads((await asyncio.wait_for(socket.receive(), 20)).data)
        if event["type"] in {"response.completed", "error"}:
            return str(event["type"])


async def test_a_team_that_is_enabled_lets_nobody_in_before_its_first_user(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[team]\nenabled = true\n", env=SHARED, primed=False) as own:
        assert (await own.chat()).status == 401
        team = Team(own, tmp_path / "home")
        await team.begin()
        await team.until(team.key(), 200)


async def test_a_file_that_goes_lets_nobody_in_and_is_told(tmp_path: Path) -> None:
    async with team_of(tmp_path, config='[server]\napi_keys = ["old-key-old-key-old"]\n') as team:
        await team.begin()
        key = team.key()
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                team.path.with_name(team.path.name + ending).unlink()
        await team.until(key, 401)
        assert (await team.chat("old-key-old-key-old")).status == 200
        ready = await team.own.get("/readyz", {"x-api-key": "old-key-old-key-old"})
        assert "is not there" in ready.json()["degraded"]["api_keys"]
        await eventually(lambda: team.own.proxy.logged("no key of the team is let in"))


async def test_answers_of_one_person_are_not_anothers(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        team.add("bob")
        one, two, bobs = team.key(), team.key(), team.key(user="bob")
        body = {"model": "gpt-5.5", "input": "hello"}

        async def get(key: str, name: str) -> int:
            answer = await team.own.get(f"/v1/responses/{name}", {"x-api-key": key})
            return int(answer.status)

        made = await team.own.send("POST", "/v1/responses", json=body, headers={"x-api-key": one})
        name = made.json()["id"]
        assert [await get(key, name) for key in (one, two, bobs)] == [200, 200, 404]
