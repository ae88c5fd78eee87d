"""What holds of every client's launch."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.clients.plan import HIDDEN, Client, OwnedFile, OwnedLink, Plan, as_data, as_shell, machine_of
from passenger.clients.registry import ALL
from passenger.config.invocation import Invocation
from passenger.copilot.model_cards import ModelCard
from tests.clients.sites import BASE, CATALOG, GPT, HAIKU, KEY, OPUS, PRO, site

LAUNCHED = [client for client in ALL if client.launch is not None]


def plan(client: Client, home: Path, model: ModelCard = OPUS) -> Plan:
    assert client.launch is not None
    return client.launch(site(home, model=model))


@pytest.mark.parametrize("model", [OPUS, GPT, PRO, HAIKU], ids=lambda model: model.id)
@pytest.mark.parametrize("client", LAUNCHED, ids=lambda client: client.name)
def test_no_key_stands_in_an_argument(client: Client, model: ModelCard, tmp_path: Path) -> None:
    made = plan(client, tmp_path, model)
    assert not any(KEY in argument for argument in made.argv)
    assert KEY in json.dumps(dict(made.env)) + "".join(file.text for file in made.files)


@pytest.mark.parametrize("client", LAUNCHED, ids=lambda client: client.name)
def test_every_file_and_link_lies_in_the_directory_of_the_run(client: Client, tmp_path: Path) -> None:
    made = plan(client, tmp_path)
    directory = tmp_path / "state" / "run"
    for path in _written(made):
        assert path.is_relative_to(directory)


@pytest.mark.parametrize("model", [OPUS, GPT, PRO], ids=lambda model: model.id)
@pytest.mark.parametrize("client", LAUNCHED, ids=lambda client: client.name)
def test_each_leads_to_the_server_and_names_the_model(client: Client, model: ModelCard, tmp_path: Path) -> None:
    made = plan(client, tmp_path, model)
    everything = " ".join([*made.argv, *made.env.values(), *(file.text for file in made.files)])
    assert BASE in everything
    assert model.id in everything
    assert made.argv[0] == client.binaries[0]


@pytest.mark.parametrize("client", LAUNCHED, ids=lambda client: client.name)
def test_no_launch_changes_the_users_directory(client: Client, tmp_path: Path) -> None:
    plan(client, tmp_path)
    assert list(tmp_path.iterdir()) == []


def _written(made: Plan) -> Iterator[Path]:
    yield from (file.path for file in made.files)
    yield from (link.path for link in made.links)


def test_the_models_that_chat_are_those_the_account_may_ask_the_chosen_first(tmp_path: Path) -> None:
    chat = site(tmp_path).chat
    assert [card.id for card in chat] == ["claude-opus-4.6", "claude-haiku-4.5", "gpt-5.5", "gemini-2.5-pro"]
    assert site(tmp_path, model=GPT, small=GPT).chat[0] is GPT
    assert len(CATALOG) == len(chat) + 3


@pytest.mark.parametrize("dialects", [("messages",), ("responses", "completions")])
def test_a_client_speaks_the_models_own_dialect_where_it_can(dialects: tuple[str, ...]) -> None:
    client = Client(name="x", title="X", binaries=("x",), install="", dialects=dialects)  # type: ignore[arg-type]
    assert client.dialect_for(OPUS) == ("messages" if "messages" in dialects else "completions")
    assert client.dialect_for(GPT) == dialects[0]


def test_it_is_what_the_command_was_started_with(home: Path) -> None:
    found = machine_of(Invocation(environ={"ONE": "1"}))
    assert (found.environ, found.cwd, found.home) == ({"ONE": "1"}, Path.cwd(), Path.home())


PLAN = Plan(
    argv=["x", "-m", "two words"],
    env={"KEY": HIDDEN},
    unset=["OLD"],
    files=[OwnedFile(Path("/s/f"), f'{{"key": "{HIDDEN}"}}\n')],
    links=[OwnedLink(Path("/s/l"), Path("/t"))],
    notes=["Mind this."],
)


def test_for_a_shell() -> None:
    assert as_shell(PLAN, ["-p", "a b", "--key=secret"], "secret").splitlines() == [
        "unset OLD",
        "export KEY='<key>'",
        "x -m 'two words' -p 'a b' '--key=<key>'",
        "",
        "# /s/f",
        '{"key": "<key>"}',
        "# /s/l -> /t",
        "# Mind this.",
    ]


def test_for_a_program() -> None:
    assert as_data(PLAN, ["-p", "secret"], "secret") == {
        "argv": ["x", "-m", "two words", "-p", "<key>"],
        "env": {"KEY": "<key>"},
        "unset": ["OLD"],
        "files": {"/s/f": '{"key": "<key>"}\n'},
        "links": {"/s/l": "/t"},
        "notes": ["Mind this."],
    }
