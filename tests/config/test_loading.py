"""Which value wins, and what a config file that nobody named may not do."""

from itertools import pairwise

import pytest

from tests.config.conftest import Place

LAYERS = ["default", "user/config.toml:2", "cwd/config.toml:2", "PASSENGER_SERVER_PORT", "--port"]


def _set(place: Place, layers: list[str]) -> str:
    """Set the port in some places, to another value in each, and say which one won."""
    flags: dict[str, object] = {}
    environ: dict[str, str] = {}
    for number, layer in enumerate(layers):
        match layer:
            case "--port":
                flags["server.port"] = 9000 + number
            case "PASSENGER_SERVER_PORT":
                environ[layer] = str(9000 + number)
            case "default":
                pass
            case _:
                place.write(place.root / layer.split("/", maxsplit=1)[0], f"[server]\nport = {9000 + number}\n")
    loaded = place.load(flags, environ)
    expected = 8081 if layers == ["default"] else 9000 + len(layers) - 1
    assert loaded.config.server.port == expected
    return str(loaded.origins["server.port"]).replace(f"{place.root}/", "")


@pytest.mark.parametrize("winner", LAYERS)
def test_a_nearer_place_beats_all_that_are_further(place: Place, winner: str) -> None:
    assert _set(place, LAYERS[: LAYERS.index(winner) + 1]) == winner


@pytest.mark.parametrize(("loser", "winner"), list(pairwise(LAYERS)))
def test_a_nearer_place_beats_the_next(place: Place, loser: str, winner: str) -> None:
    assert _set(place, [loser, winner]) == winner


def test_a_named_file_is_read_instead_of_the_user_s_and_the_found_one(place: Place) -> None:
    place.write(place.user, "[server]\nport = 1\n")
    place.write(place.cwd, "not toml, and never read")
    loaded = place.load(config_path=place.write(place.named, "[server]\nhost = 'localhost'\n"))
    assert (loaded.config.server.port, loaded.config.server.host) == (8081, "localhost")


def test_the_found_file_is_merged_into_the_user_s_key_by_key(place: Place) -> None:
    place.write(place.user, "[server]\nport = 1\nhost = 'localhost'\n[models.aliases]\na = 'user'\nb = 'user'\n")
    place.write(place.cwd, "[server]\nport = 2\n[models.aliases]\nb = 'found'\nc = 'found'\n")
    loaded = place.load()
    assert (loaded.config.server.port, loaded.config.server.host) == (2, "localhost")
    assert loaded.config.models.aliases == {"a": "user", "b": "found", "c": "found"}
    assert str(loaded.origins["models.aliases.a"]).endswith("user/config.toml:5")
    assert str(loaded.origins["models.aliases.c"]).endswith("cwd/config.toml:5")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title = 'a site'\n[params]\nport = 1\n",
        "[tool]\n",
        "this is not TOML",
        b"\x00\xff\xfe binary",
        b"\xff\xfe[\x00x\x00]\x00",
        "[log]\nlevel = 'debug'\n",
    ],
)
def test_a_found_file_without_our_sections_is_ignored_in_one_line(place: Place, text: str | bytes) -> None:
    path = place.write(place.cwd, text)
    [warning] = place.load().warnings
    sections = "[github], [copilot], [server], [upstream], [network], [models], [team], [limits]"
    assert warning == f"{path} is ignored: it has none of {sections}"


def test_a_found_file_with_our_sections_is_held_to_toml(place: Place) -> None:
    place.write(place.cwd, "[server]\nport: 1\n")
    assert place.problems() == ["cwd/config.toml:2: is not TOML: Expected '=' after a key in a key/value pair"]


def test_a_found_directory_of_that_name_is_no_file(place: Place) -> None:
    (place.cwd / "config.toml").mkdir()
    assert place.load().warnings == ()


FORBIDDEN = [
    ("github", "client_id = 'Iv1.other'"),
    ("server", "api_keys = ['k']"),
    ("server", "api_key_file = 'k'"),
    ("server", "allowed_hosts = ['*']"),
    ("team", "share_personal_seat = 'i-understand'"),
    ("server", "allowed_origins = ['*']"),
    ("copilot", "ca_bundle = 'ca.pem'"),
    ("upstream", "https_proxy = 'http://evil.example'"),
]


@pytest.mark.proves("credentials")
@pytest.mark.parametrize(("section", "line"), FORBIDDEN)
def test_a_found_file_may_not_set(place: Place, section: str, line: str) -> None:
    place.write(place.cwd, f"[{section}]\n{line}\n")
    key = line.split(" ", maxsplit=1)[0]
    [said] = place.problems()
    assert said.startswith(f"cwd/config.toml:2: [{section}] {key}: may not be set by a config.toml that was found")
    assert "-c cwd/config.toml" in said


@pytest.mark.proves("B1", "B2")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('allowed_hosts = ["*"]', "host names alone"),
        ('allowed_hosts = ["box:8081"]', "host names alone"),
        ('allowed_hosts = "box"', "array"),
        ('allowed_origins = ["*"]', "must be origins"),
        ('allowed_origins = ["null"]', "must be origins"),
        ('allowed_origins = ["https://chat.example/"]', "must be origins"),
        ('api_keys = ["a b"]', "array of keys"),
        ('api_keys = "abc"', "array of keys"),
    ],
)
def test_a_list_that_says_nothing_in_particular_is_refused(place: Place, line: str, said: str) -> None:
    [problem] = place.problems(config_path=place.write(place.named, f"[server]\n{line}\n"))
    assert "named.toml:2" in problem
    assert said in problem
    assert "abc" not in problem


LEAKS = [
    ("github", "device_code_url", "https://evil.example/x", "evil.example"),
    ("github", "oauth_token_url", "http://127.0.0.1:8082/x", "127.0.0.1"),
    ("github", "copilot_token_url", "https://github.com.evil.example/", "github.com.evil.example"),
    ("copilot", "api_base_url", "https://evilgithub.com", "evilgithub.com"),
    ("copilot", "api_base_url", "https://models.github.ai", "models.github.ai"),
]


@pytest.mark.proves("credentials")
@pytest.mark.parametrize(("section", "key", "url", "host"), LEAKS)
def test_a_found_file_may_not_send_credentials_elsewhere(
    place: Place, section: str, key: str, url: str, host: str
) -> None:
    place.write(place.cwd, f'[{section}]\n{key} = "{url}"\n')
    [said] = place.problems()
    assert said == (
        f"cwd/config.toml:2: [{section}] {key}: would send your credentials to {host}, which a found config.toml"
        " may not do; name the file with -c cwd/config.toml, or set it in your own config file or the environment"
    )


@pytest.mark.proves("credentials")
@pytest.mark.parametrize(("section", "key", "url", "host"), LEAKS)
def test_whoever_names_a_file_or_variable_may_and_its_host_is_trusted(
    place: Place, section: str, key: str, url: str, host: str
) -> None:
    text = f'[{section}]\n{key} = "{url}"\n'
    for loaded in (
        place.load(config_path=place.write(place.named, text)),
        place.load(environ={f"PASSENGER_{section}_{key}".upper(): url}),
        (place.write(place.user, text), place.load())[1],
    ):
        assert loaded.trusted_hosts == {host}
        assert loaded.credentials.may_go_to(url)


def test_a_found_file_may_go_to_another_of_github_s_hosts(place: Place) -> None:
    place.write(place.cwd, '[copilot]\napi_base_url = "https://copilot-api.tenant.ghe.com"\n')
    loaded = place.load()
    assert loaded.config.copilot.api_base_url == "https://copilot-api.tenant.ghe.com"
    assert loaded.trusted_hosts == frozenset()


def test_the_models_url_makes_nobody_trusted_and_may_be_found(place: Place) -> None:
    text = '[github]\ncopilot_models_url = "https://models.example/"\n'
    place.write(place.cwd, text)
    found, named = place.load(), place.load(config_path=place.write(place.named, text))
    assert found.config.github.copilot_models_url == named.config.github.copilot_models_url
    assert found.trusted_hosts == named.trusted_hosts == frozenset()


PASSENGER_RS = """\
[github]
device_code_url = "https://github.com/login/device/code"
oauth_token_url = "https://github.com/login/oauth/access_token"
copilot_token_url = "https://api.github.com/copilot_internal/v2/token"
copilot_models_url = "https://models.github.ai/catalog/models"
client_id = "Iv1.b507a08c87ecfe98"
[copilot]
api_base_url = "https://api.githubcopilot.com"
[server]
port = 8081
host = "127.0.0.1"
"""


def test_passenger_rs_s_own_file_works_wherever_it_lies(place: Place) -> None:
    place.write(place.cwd, PASSENGER_RS)
    assert place.load().warnings == ()


def test_a_found_file_may_not_undo_the_client_id_that_the_user_chose(place: Place) -> None:
    place.write(place.user, "[github]\nclient_id = 'Iv1.mine'\n")
    place.write(place.cwd, PASSENGER_RS)
    [said] = place.problems()
    assert said.startswith("cwd/config.toml:6: [github] client_id: may not be set")


def test_the_user_s_file_is_not_found_when_one_stands_in_its_directory(place: Place) -> None:
    place.write(place.user, "[github]\nclient_id = 'Iv1.mine'\n")
    (place.cwd / "config.toml").symlink_to(place.user / "config.toml")
    assert place.load().config.github.client_id == "Iv1.mine"


def test_a_host_that_was_overridden_is_not_trusted(place: Place) -> None:
    place.write(place.user, '[copilot]\napi_base_url = "https://old.example"\n')
    loaded = place.load(environ={"PASSENGER_COPILOT_API_BASE_URL": "https://new.example"})
    assert loaded.trusted_hosts == {"new.example"}
