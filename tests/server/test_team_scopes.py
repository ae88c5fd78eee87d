"""What a team's key with a scope might reach by a side door."""

import json
from pathlib import Path
from typing import Any

import pytest

from passenger.team.keys import KeyGrant
from tests.server.pages.test_routes import form
from tests.server.test_team_keys import team_of
from tests.server.test_team_limits import DIALECTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEARCH: dict[str, Any] = {
    "tools": [
        {"type": "web_search_20250305", "name": "web_search"},
        {"name": "look", "input_schema": {"type": "object"}},
    ],
    "messages": [{"role": "user", "content": '[[call web_search {"query": "birds"}]] birds of Iceland'}],
}


@pytest.mark.parametrize("only", [True, False], ids=["nothing else", "beside a tool"])
@pytest.mark.parametrize("models", [("claude-*",), ("claude-*", "gpt-*")], ids=["claude", "claude and gpt"])
async def test_a_search_asks_no_model_that_the_key_may_not(tmp_path: Path, models: tuple[str, ...], only: bool) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        headers = {"x-api-key": team.key(KeyGrant(models=models))}
        body = {"model": "claude-opus-4.6", "max_tokens": 4000, **SEARCH}
        if only:
            body |= {"tools": SEARCH["tools"][:1], "tool_choice": {"type": "tool", "name": "web_search"}}
        team.own.forget()
        answer = await team.own.send("POST", "/v1/messages", json=body, headers=headers)
        assert answer.status == 200, answer.body
        assert bool(team.own.sim.seen("/responses")) == ("gpt-*" in models)
        assert (b"web_search_tool_result_error" in answer.body) == ("gpt-*" not in models)


NARROW = {
    "dialects": (KeyGrant(dialects=("messages",)), "dialect_not_allowed"),
    "operations": (KeyGrant(operations=("embeddings",)), "operation_not_allowed"),
    "admin": (KeyGrant(kind="admin"), "admin_key"),
}


@pytest.mark.parametrize("name", NARROW)
async def test_what_chats_have_left_is_open_to_keys_for_chats_alone(tmp_path: Path, name: str) -> None:
    grant, code = NARROW[name]
    async with team_of(tmp_path) as team:
        await team.begin()
        wide, narrow = ({"x-api-key": team.key(one)} for one in (KeyGrant(), grant))
        made = await team.own.send("POST", "/v1/conversations", json={"items": [HELLO]}, headers=wide)
        talk = f"/v1/conversations/{made.json()['id']}"
        asked = {"model": "gpt-4o", "input": "hello", "background": True}
        answer = await team.own.send("POST", "/v1/responses", json=asked, headers=wide)
        kept = f"/v1/responses/{answer.json()['id']}"
        doors = [("GET", kept), ("GET", f"{kept}/input_items"), ("POST", f"{kept}/cancel"), ("DELETE", kept)]
        doors += [("GET", talk), ("GET", f"{talk}/items"), ("POST", talk), ("POST", f"{talk}/items")]
        doors += [("POST", "/v1/conversations"), ("DELETE", talk)]
        for headers, wanted in ((narrow, 403), (wide, 200)):
            for method, path in doors:
                body = json.dumps({"items": [HELLO], "metadata": {}}) if method == "POST" else None
                told = await team.own.send(
                    method, path, data=body, headers={**headers, "content-type": "application/json"}
                )
                assert told.status == wanted, (method, path, told.body)
                assert wanted == 200 or told.error["code"] == code


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_unknown_name_is_near_to_none_but_the_models_of_the_key(tmp_path: Path, dialect: str) -> None:
    path, body = DIALECTS[dialect]
    async with team_of(tmp_path) as team:
        await team.begin()
        wide, narrow = (team.key(grant) for grant in (KeyGrant(), KeyGrant(models=("claude-*",))))
        asked = {"headers": {"x-api-key": wide}, "json": {**body, "model": "gpt-5.9"}}
        path = path.replace("gpt-5.1", "gpt-5.9")
        assert b"gpt-5." in (await team.own.send("POST", path, **asked)).body.partition(b"Nearest")[2]
        told = await team.own.send("POST", path, json=asked["json"], headers={"x-api-key": narrow})
        assert told.status == 404
        assert b"gpt-5." not in told.body.replace(b"gpt-5.9", b"")


async def test_a_key_for_some_addresses_opens_the_page_from_no_other(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key(KeyGrant(kind="admin", networks=("127.0.0.1/32",)))
        entered = await form(team.own, "/page/key", key=key)
        assert entered.status == 303
        cookie = entered.headers["set-cookie"].partition(";")[0]
        assert (await form(team.own, "/page/key", key=key, peer="127.0.0.2")).status == 401
        for peer, wanted in (("127.0.0.1", 303), ("127.0.0.2", 403)):
            told = await form(team.own, "/page/login", cookie=cookie, peer=peer)
            assert told.status == wanted, peer


async def test_the_secret_of_a_link_is_in_no_log_however_it_is_spelled(tmp_path: Path) -> None:
    async with team_of(tmp_path) as team:
        await team.begin()
        key = team.key()
        for path in ("/join/", "//join/", "/v1/join/", "/v1//join/"):
            for headers in ({"x-api-key": key}, {}):
                answer = await team.own.send("GET", f"{path}psgi_{'x' * 43}", headers=headers)
                assert answer.status in {401, 404}
                assert "x" * 43 not in answer.body.decode()
        await team.own.line(await team.chat(key))  # the lines of those before it are there
        assert "x" * 43 not in "\n".join(team.own.proxy.lines)


HELLO = {"type": "message", "role": "user", "content": "hello"}
