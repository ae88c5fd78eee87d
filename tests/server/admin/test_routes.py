"""A team over HTTP: what the commands do, with a key for administration, and what people see of themselves."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.config.seat_files import seat_directory
from passenger.server.admin.resources import READS, WRITES
from passenger.team.audit import local_author
from passenger.team.keys import KeyGrant, create_key
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import add_user, find_user
from tests.proxy import profile_of
from tests.server.bench import Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = "/v1/passenger"
ORIGIN = "https://pages.example"
CONFIG = f'[server]\nallowed_origins = ["{ORIGIN}"]\n[team]\nshare_personal_seat = "i-understand"\n'


class Admin:
    """Requests with a key for administration, and the team's file."""

    def __init__(self, own: Bench, home: Path) -> None:
        self.own = own
        self.path = profile_of(own.sim, home / ".local" / "state" / "passenger") / "team.sqlite"
        change(self.path, lambda database: add_user(database, local_author("ann"), "root", "root-gh"))
        self.key = self.make(KeyGrant("admin", kind="admin"))

    def make(self, grant: KeyGrant) -> str:
        made = change(
            self.path,
            lambda database: create_key(database, local_author("ann"), find_user(database, "root"), grant),
        )
        return made.secret.reveal()

    async def send(self, method: str, path: str, body: object = None, key: str = "", **headers: str) -> Answer:
        told = {
            "Authorization": f"Bearer {key or self.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        data = None if body is None else json.dumps(body)
        if data is not None:
            told["Content-Type"] = "application/json"
        return await self.own.send(method, ROOT + path, data=data, headers=told)

    async def get(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, **body: object) -> Any:
        answer = await self.send("POST", path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.json()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def admin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Admin]:
    directory = tmp_path_factory.mktemp("admin")
    async with bench(directory, config=CONFIG) as own:
        made = Admin(own, directory / "home")
        async with asyncio.timeout(20):
            while (await own.chat()).status != 401:  # until the server has seen the team
                await asyncio.sleep(0.01)
        yield made


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status
    assert told["title"]
    assert told["detail"]
    return answer.status, told["code"]


async def test_people_are_added_shown_disabled_and_removed(admin: Admin) -> None:
    made = await admin.send("POST", "/users", {"name": "alice", "github_login": "alice-gh", "tags": ["web"]})
    assert made.status == 201
    assert made.headers["cache-control"] == "no-store"
    alice = made.json()
    shown = await admin.send("GET", "/users/alice")
    assert shown.json() == alice == (await admin.get(f"/users/{alice['id']}"))
    assert shown.headers["etag"] == made.headers["etag"]
    changed = await admin.send("PATCH", "/users/alice", {"disabled": True}, If_Match=shown.headers["etag"])
    assert changed.json()["disabled"]
    stale = await admin.send("PATCH", "/users/alice", {"disabled": False}, If_Match=shown.headers["etag"])
    assert problem(stale) == (412, "version_mismatch")
    assert (await admin.send("DELETE", "/users/alice", If_Match="*")).status == 200
    assert problem(await admin.send("GET", "/users/alice")) == (404, "no_user")


async def test_the_login_of_who_is_removed_goes_too(admin: Admin) -> None:
    carl = await admin.post("/users", name="carl", github_login="carl-gh")
    place = seat_directory(admin.path.parent, carl["id"])
    place.mkdir(parents=True)
    (place / "access_token.json").write_text("{}")
    change(admin.path, lambda database: bind_seat(database, local_author("ann"), carl["id"], "carl-gh"))
    assert (await admin.send("DELETE", "/users/carl")).status == 200
    assert not place.exists()


async def test_a_key_is_told_once_works_and_is_revoked(admin: Admin) -> None:
    key = await admin.post("/keys", user="root", name="laptop", models=["gpt-*"])
    secret = key.pop("secret")
    assert (await admin.own.post(asking(), {"x-api-key": secret})).status == 200
    assert key == await admin.get(f"/keys/{key['id']}")
    rotated = await admin.post(f"/keys/{key['id']}/rotate", grace=3600)
    assert rotated["secret"] != secret
    for one in (secret, rotated["secret"]):
        assert (await admin.own.post(asking(), {"x-api-key": one})).status == 200
    assert (await admin.send("DELETE", f"/keys/{key['id']}?now=true")).json()["cut"] is True
    listed = (await admin.get("/keys?user=root"))["data"]
    assert secret not in json.dumps(listed)
    assert [one["id"] for one in listed if one["revoked"]] == [key["id"]]


async def test_limits_and_budgets_are_set_raised_and_removed(admin: Admin) -> None:
    assert (await admin.send("PATCH", "/limits/all", {"concurrency": 50})).json()["concurrency"] == 50
    told = await admin.send("PUT", "/budgets/user:root/month", {"cap_nano": 10**15, "reserve": "worst"})
    assert told.json()["budgets"][0]["cap_nano"] == 10**15
    raised = await admin.post("/budgets/user:root/month/raise", cap_nano=2 * 10**15, until=2**32)
    assert raised["budgets"][0]["raised_nano"] == 2 * 10**15
    assert [one[0] for one in scopes(await admin.get("/limits"))] == ["all", "user"]
    assert (await admin.send("DELETE", "/budgets/user:root/month")).json()["budgets"] == []
    assert (await admin.send("PATCH", "/limits/all", {"concurrency": None})).json()["concurrency"] is None


def scopes(told: Any) -> list[list[str]]:
    return [one["scope"].split(":") for one in told["data"]]


async def test_a_repeated_request_changes_nothing(admin: Admin) -> None:
    body = {"user": "root", "name": "once"}
    first = await admin.send("POST", "/keys", body, Idempotency_Key="one")
    again = await admin.send("POST", "/keys", body, Idempotency_Key="one")
    assert (first.status, again.status) == (201, 201)
    assert again.json() == {**first.json(), "secret": None}
    assert problem(await admin.send("POST", "/keys", {**body, "name": "x"}, Idempotency_Key="one")) == (
        422,
        "idempotency_key_reused",
    )
    assert problem(await admin.send("POST", "/keys", body, Idempotency_Key="x" * 256)) == (400, "bad_idempotency_key")
    with contextlib.closing(sqlite3.connect(admin.path)) as database:
        assert database.execute("SELECT count(*) FROM key WHERE name = 'once'").fetchone() == (1,)
        assert first.json()["secret"].encode() not in b"".join(
            row[0] for row in database.execute("SELECT answer FROM answered")
        )


async def test_a_request_is_another_one_with_another_query(admin: Admin) -> None:
    key = await admin.post("/keys", user="root", name="twice")
    kept = await admin.send("DELETE", f"/keys/{key['id']}", Idempotency_Key="query")
    assert kept.json()["cut"] is False
    other = await admin.send("DELETE", f"/keys/{key['id']}?now=true", Idempotency_Key="query")
    assert problem(other) == (422, "idempotency_key_reused")


async def test_every_change_of_what_exists_is_of_the_version_that_is_known(admin: Admin) -> None:
    key = await admin.post("/keys", user="root", name="versions")
    await admin.send("PUT", "/budgets/user:root/week", {"cap_nano": 10**15})
    for method, path, body in (
        ("POST", f"/keys/{key['id']}/rotate", {}),
        ("DELETE", f"/keys/{key['id']}", None),
        ("PATCH", "/users/root", {"disabled": True}),
        ("DELETE", "/users/root", None),
        ("PATCH", "/limits/user:root", {"concurrency": 1}),
        ("PUT", "/budgets/user:root/week", {"cap_nano": 1}),
        ("POST", "/budgets/user:root/week/raise", {"cap_nano": 2 * 10**15, "until": 2**32}),
        ("DELETE", "/budgets/user:root/week", None),
    ):
        answer = await admin.send(method, path, body, If_Match='"another", "one"')
        assert problem(answer) == (412, "version_mismatch"), (method, path)
    shown = await admin.send("GET", "/limits/user:root")
    raised = await admin.send(
        "POST",
        "/budgets/user:root/week/raise",
        {"cap_nano": 2 * 10**15, "until": 2**32},
        If_Match=f'"other", {shown.headers["etag"]}',
    )
    assert raised.status == 200
    assert (await admin.send("DELETE", "/budgets/user:root/week")).status == 200


async def test_lists_are_paged(admin: Admin) -> None:
    for number in range(5):
        await admin.post("/users", name=f"page{number}", github_login=f"page{number}")
    found, after = list[str](), ""
    while True:
        page = await admin.get(f"/users?limit=2{after and '&after=' + after}")
        found += [one["name"] for one in page["data"]]
        if page["after"] is None:
            break
        after = page["after"]
    assert [name for name in found if name.startswith("page")] == [f"page{number}" for number in range(5)]
    first = await admin.get("/audit?limit=3")
    assert [one["action"] for one in first["data"]] == ["users.add"] * 3
    second = await admin.get(f"/audit?limit=1&after={first['after']}")
    assert second["data"][0]["id"] < first["data"][-1]["id"]
    assert "(root)" in first["data"][0]["by"]


PATHS = {path.format(user="root", key="none", scope="all", period="month") for path in READS} | {
    path.format(user="root", key="none", scope="all", period="month") for _, path in WRITES
}


@pytest.mark.parametrize("path", sorted(PATHS))
async def test_only_a_key_for_administration_administers(admin: Admin, path: str) -> None:
    member = admin.make(KeyGrant())
    methods = {method for method, known in WRITES if known.count("/") == path.count("/")} | {"GET"}
    for method in sorted(methods):
        answer = await admin.send(method, path, None if method == "GET" else {}, key=member)
        assert answer.status in {403, 405}, (method, answer.body)
        problem(answer)
    assert (await admin.own.get(ROOT + path)).status == 401


async def test_a_key_for_administration_asks_no_model(admin: Admin) -> None:
    assert (await admin.own.post(asking(), {"x-api-key": admin.key})).error["code"] == "admin_key"


async def test_no_page_of_another_site_reads_it(admin: Admin) -> None:
    answer = await admin.send("GET", "/users", Origin=ORIGIN)
    assert "access-control-allow-origin" not in answer.headers
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    preflight = await admin.own.send("OPTIONS", f"{ROOT}/users", headers=asked)
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" in (await admin.own.send("OPTIONS", "/v1/models", headers=asked)).headers


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/users", {"name": "x"}, "bad_body"),
        ("POST", "/users", {"name": "x", "github_login": "x", "admin": True}, "bad_body"),
        ("POST", "/users", [], "bad_body"),
        ("POST", "/users", {"name": "a b", "github_login": "x"}, "bad_name"),
        ("POST", "/users", {"name": "root", "github_login": "x"}, "name_taken"),
        ("POST", "/keys", {"user": "nobody"}, "no_user"),
        ("POST", "/keys", {"user": "root", "operations": ["all"]}, "bad_scope"),
        ("POST", "/keys", {"user": "root", "kind": "root"}, "bad_body"),
        ("PUT", "/budgets/all/year", {"cap_nano": 1}, "bad_body"),
        ("PUT", "/budgets/all/month", {"cap_nano": -1}, "bad_limit"),
        ("PUT", "/budgets/all/month", {"cap_nano": "all"}, "bad_body"),
        ("PUT", "/budgets/nobody/month", {"cap_nano": 1}, "bad_scope"),
        ("PATCH", "/limits/all", {"concurrency": 0}, "bad_limit"),
        ("DELETE", "/budgets/all/total", None, "no_budget"),
        ("DELETE", "/keys/none", None, "no_key"),
        ("GET", "/users?limit=0", None, "bad_query"),
        ("GET", "/users?limit=many", None, "bad_query"),
        ("GET", "/users?after=nobody", None, "bad_query"),
        ("GET", "/audit?after=-1", None, "bad_query"),
        ("GET", "/usage?by=mood", None, "bad_query"),
        ("GET", "/usage?since=soon", None, "bad_query"),
        ("PUT", "/users", {}, "method_not_allowed"),
        ("PUT", "/budgets/all/month", {"cap_nano": 2**63}, "bad_body"),
        ("PATCH", "/limits/all", {"concurrency": 10**30}, "bad_body"),
        ("POST", "/keys", {"user": "root", "expires": 10**30}, "bad_scope"),
        ("POST", "/budgets/all/month/raise", {"cap_nano": 1, "until": 2**62}, "bad_limit"),
        ("POST", "/users", {"name": "x" * 70_000, "github_login": "x"}, "request_too_large"),
    ],
)
async def test_what_cannot_be_is_refused(admin: Admin, method: str, path: str, body: object, code: str) -> None:
    before = await admin.get("/audit?limit=1")
    answer = await admin.send(method, path, body)
    assert answer.status >= 400
    assert problem(answer)[1] == code
    assert await admin.get("/audit?limit=1") == before


async def test_people_see_what_is_their_own(admin: Admin) -> None:
    key = admin.make(KeyGrant("mine", models=("gpt-*",)))
    headers = {"x-api-key": key}
    assert (await admin.own.post(asking(), headers)).status == 200
    me = (await admin.own.get(f"{ROOT}/me", headers)).json()
    assert (me["user"], me["role"], me["scope"]["models"]) == ("root", "member", ["gpt-*"])
    assert me["budgets"] == []
    assert (await admin.send("PUT", "/budgets/user:root/day", {"cap_nano": 10**15})).status == 200
    async with asyncio.timeout(20):
        while not (budgets := (await admin.own.get(f"{ROOT}/me", headers)).json()["budgets"]):
            await asyncio.sleep(0.01)
    assert (budgets[0]["period"], budgets[0]["cap_nano"]) == ("day", 10**15)
    assert budgets[0]["spent_nano"] >= 0
    assert (await admin.send("DELETE", "/budgets/user:root/day")).status == 200
    usage = (await admin.own.get(f"{ROOT}/usage?by=key", headers)).json()
    assert usage["by"] == "key"
    assert "nano_credits" in usage["total"]
    whole = await admin.get("/usage?by=user&since=7d")
    assert {"total", "rows", "outlook"} <= set(whole)
