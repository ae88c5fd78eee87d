"""What is wrong with a file, a variable or a flag is said all at once, with its place and what was meant."""

import os
import socket
from pathlib import Path

import pytest

from tests.config.conftest import Place

WHOLE = "must be a whole number from 0 to 65535"
SPAN = "must be a number of seconds from above 0 to 31536000"

BAD_FILES = [
    ("[server]\nprot = 1", "2: [server] prot: unknown key; did you mean port?"),
    ("[server]\nhosts = 1", "2: [server] hosts: unknown key; did you mean host?"),
    ("[server]\nwhatever = 1", "2: [server] whatever: unknown key"),
    ("[server]\nclient_id = 'x'", "2: [server] client_id: unknown key; did you mean client_id in [github]?"),
    ("[server]\nport = '8081'", f'2: [server] port: {WHOLE}, not the text "8081"'),
    ("[server]\nport = 8081.0", f"2: [server] port: {WHOLE}, not 8081.0"),
    ("[server]\nport = true", f"2: [server] port: {WHOLE}, not true"),
    ("[server]\nport = -1", f"2: [server] port: {WHOLE}, not -1"),
    ("[server]\nport = 65536", f"2: [server] port: {WHOLE}, not 65536"),
    ("[server]\nport = [1]", f"2: [server] port: {WHOLE}, not an array"),
    ("[server]\nport = { a = 1 }", f"2: [server] port: {WHOLE}, not a table"),
    ("[server]\n\n# x\nport = 1979-05-27", f"4: [server] port: {WHOLE}, not 1979-05-27"),
    ("[server]\nhost = 1", "2: [server] host: must be text in quotes, not 1"),
    ("[server]\nhost = ''", "2: [server] host: must not be empty; leave it out to get the default"),
    ("[server]\nhost = 'localhost:80'", "2: [server] host: must be an address or host name alone"),
    ("[server]\nhost = 'http://localhost'", "2: [server] host: must be an address or host name alone"),
    ("[limits]\nmax_body = 0", "2: [limits] max_body: must be a whole number from 1024 to 4294967296, not 0"),
    ("[server]\ndrain_timeout = -1", "2: [server] drain_timeout: must be a number of seconds from 0 to"),
    ("[upstream]\nconnect_timeout = 0", f"2: [upstream] connect_timeout: {SPAN}, not 0"),
    ("[upstream]\nidle_timeout = inf", f"2: [upstream] idle_timeout: {SPAN}, not inf"),
    ("[upstream]\nidle_timeout = nan", f"2: [upstream] idle_timeout: {SPAN}, not nan"),
    ("[upstream]\nfirst_byte_timeout = '5s'", f'2: [upstream] first_byte_timeout: {SPAN}, not the text "5s"'),
    ("[upstream]\ncomplete_timeout = false", f"2: [upstream] complete_timeout: {SPAN}, not false"),
    ("[models]\nlifetime = -5", f"2: [models] lifetime: {SPAN}, not -5"),
    ("[models]\naliases = 'x'", '2: [models] aliases: must be a table of names to model ids, not the text "x"'),
    ("[models.aliases]\nfast = 1", '2: [models] aliases: must give each name a model id as text; the text "fast"'),
    ("[models.aliases]\nfast = ''", "2: [models] aliases: must give each name a model id as text"),
    ("[clients.claud]\nmodel = 'x'", "1: [clients.claud]: unknown client; did you mean [clients.claude]?"),
    ("[clients.???]\nmodel = 'x'".replace("???", '"?"'), "1: [clients.?]: unknown client: aider, claude, "),
    ("[clients.claude]\nmodle = 'x'", "2: [clients.claude] modle: unknown key; did you mean model?"),
    ("[clients.claude]\nmodel = 1", '2: [clients] model: must give each name a model id as text; the text "claude"'),
    ("[clients]\nmodel.claud = 'x'", "2: [clients] model: there is no client 'claud'; did you mean claude?"),
    ("[clients]\nclaude = 'x'", "2: [clients] claude: unknown key"),
    ("[github]\nclient_id = ''", "2: [github] client_id: must not be empty"),
    ("[github]\nclient_id = 'a b '", "2: [github] client_id: must be plain ASCII on one line"),
    ('[copilot]\nuser_agent = "a\\nb"', "2: [copilot] user_agent: must be plain ASCII on one line"),
    ("[copilot]\nuser_agent = 'é'", "2: [copilot] user_agent: must be plain ASCII on one line"),
    ("[github]\ndevice_code_url = ''", "2: [github] device_code_url: must not be empty"),
    ("[github]\ndevice_code_url = 'github.com'", "2: [github] device_code_url: must be an absolute http or https URL"),
    ("[github]\ndevice_code_url = 'ftp://github.com'", "2: [github] device_code_url: must be an absolute http or"),
    ("[github]\ndevice_code_url = 'https://'", "2: [github] device_code_url: must be an absolute http or https"),
    ("[github]\ndevice_code_url = 'https://a b'", "2: [github] device_code_url: must be a URL of plain ASCII"),
    ("[github]\ndevice_code_url = 'https://gïthub.com'", "2: [github] device_code_url: must be a URL of plain ASCII"),
    ("[github]\noauth_token_url = 'http://github.com/x'", "2: [github] oauth_token_url: must be https: only this"),
    ("[github]\ncopilot_models_url = 'http://x.example'", "2: [github] copilot_models_url: must be https: only this"),
    ("[github]\ncopilot_token_url = 'https://a:b@x.example'", "2: [github] copilot_token_url: must not carry a user"),
    ("[github]\ncopilot_token_url = 'https://x.example:99999'", "2: [github] copilot_token_url: must have a port"),
    ("[copilot]\napi_base_url = 'https://x.example/?a=b'", "2: [copilot] api_base_url: must end with its path"),
    ("[copilot]\napi_base_url = 'https://x.example./'", "2: [copilot] api_base_url: must name a host"),
    ("[copilot]\napi_base_url = 7", "2: [copilot] api_base_url: must be text in quotes, not 7"),
    ("[sever]\nport = 1", "1: [sever]: unknown section; did you mean [server]?"),
    ("\n[logging]\nlevel = 'x'", "2: [logging]: unknown section"),
    ("[[server]]\nport = 1", "1: server: must be a table, written [server], not an array"),
    ("server = 3", "1: server: must be a table, written [server], not 3"),
    ("port = 1\n[server]", "1: port: unknown key outside of a section; did you mean port in [server]?"),
    ("zzz = 1", "1: zzz: unknown key outside of a section"),
    ("server.prot = 1", "1: [server] prot: unknown key; did you mean port?"),
    ("server = { prot = 1 }", "1: [server] prot: unknown key; did you mean port?"),
    ("[server]\n'prot' = 1", "2: [server] prot: unknown key; did you mean port?"),
    ("[server]\nport = 8081\nport = 8082", "3: is not TOML: Cannot overwrite a value"),
    ("[server]\nport 8081", "2: is not TOML: Expected '=' after a key"),
    ("[server\nport = 8081", "1: is not TOML: Expected ']'"),
    ("[server]\nhost = 'x", "2: is not TOML:"),
    ('[server]\nhost = "a\\qb"', "2: is not TOML:"),
    ("[server]\nport = 08081", "2: is not TOML:"),
    ("[server]\nport =", "2: is not TOML: Invalid value"),
    ("x = " + "[" * 100_000, " is nested too deeply"),
    (b"[server]\nhost = '\xff'", "2: is not UTF-8 text"),
    (b"\x7fELF\x02\x01\x01\x00\x00", "1: is not TOML:"),
    ("[server]\nport = 1".encode("utf-16"), "1: is not UTF-8 text"),
    (b"#" * (1 << 21), " is larger than 1048576 bytes, so it is no config file"),
]


@pytest.mark.proves("F54")
@pytest.mark.parametrize(("text", "problem"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_is_named_with_its_line(place: Place, text: str | bytes, problem: str) -> None:
    [said] = place.problems(config_path=place.write(place.named, text))
    assert said.startswith(f"named.toml:{problem}")


@pytest.mark.proves("F54")
def test_all_problems_of_all_sources_are_said_at_once(place: Place) -> None:
    place.write(place.user, "[server]\nprot = 1\nhost = 2\n[sever]\n")
    place.write(place.cwd, "[upstream]\nidle_timeout = 0\n")
    said = place.problems(flags={"server.port": 70000}, environ={"PASSENGER_MODELS_LIFETIME": "soon"})
    assert [line.split(": ")[0] for line in said] == [
        "user/config.toml:2",
        "user/config.toml:3",
        "user/config.toml:4",
        "cwd/config.toml:2",
        "PASSENGER_MODELS_LIFETIME",
        "--port",
    ]


def test_a_problem_is_one_line_whatever_the_key_is_called(place: Place) -> None:
    [said] = place.problems(config_path=place.write(place.named, '[server]\n"a\\nb\\u001b[31m" = 1'))
    assert said.isprintable()


@pytest.mark.parametrize("text", ["\ufeff[server]\nport = 9\n", "[server]\r\nport = 9\r\n", "[server]\nport = 9"])
def test_a_byte_order_mark_and_windows_line_ends_are_fine(place: Place, text: str) -> None:
    assert place.load(config_path=place.write(place.named, text)).config.server.port == 9


def test_the_line_of_a_problem_is_counted_after_windows_line_ends_too(place: Place) -> None:
    [said] = place.problems(config_path=place.write(place.named, "\ufeff[server]\r\n\r\nprot = 9\r\n"))
    assert said.startswith("named.toml:3: ")


def test_a_missing_named_file_is_named(place: Place) -> None:
    assert place.problems(config_path=place.named) == ["named.toml: cannot be read: No such file or directory"]


def test_a_directory_is_no_named_file(place: Place) -> None:
    assert place.problems(config_path=place.cwd) == ["cwd: cannot be read: Is a directory"]


def test_what_cannot_be_opened_is_a_problem_also_when_nobody_named_it(place: Place) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.open(place.user, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{directory}/config.toml")  # a short path, however deep the directory lies
        os.close(directory)
    [said] = place.problems()
    assert said.startswith("user/config.toml: cannot be read: ")


def test_a_home_that_is_no_directory_holds_no_config(place: Place) -> None:
    gone = Place(place.root / "none")
    assert gone.load().warnings == ()
    (place.root / "none").touch()
    assert gone.load().warnings == ()


# --- the environment and the flags -------------------------------------------------------------------------------

VARIABLES: list[tuple[str, str, tuple[str, str], object]] = [
    ("PASSENGER_SERVER_PORT", "9000", ("server", "port"), 9000),
    ("PASSENGER_SERVER_HOST", "::1", ("server", "host"), "::1"),
    ("PASSENGER_GITHUB_CLIENT_ID", "Iv1.other", ("github", "client_id"), "Iv1.other"),
    ("PASSENGER_GITHUB_DEVICE_CODE_URL", "http://[::1]:1/d", ("github", "device_code_url"), "http://[::1]:1/d"),
    ("PASSENGER_COPILOT_API_BASE_URL", "https://c.example/", ("copilot", "api_base_url"), "https://c.example"),
    ("PASSENGER_UPSTREAM_IDLE_TIMEOUT", "1.5", ("upstream", "idle_timeout"), 1.5),
    ("PASSENGER_MODELS_ALIASES", "a=b,c=d", ("models", "aliases"), {"a": "b", "c": "d"}),
    ("PASSENGER_CLIENTS_SMALL_MODEL", "pi=b", ("clients", "small_model"), {"pi": "b"}),
    ("PASSENGER_MODELS_ALIASES", '{"a": "b"}', ("models", "aliases"), {"a": "b"}),
]


@pytest.mark.parametrize(("name", "text", "key", "value"), VARIABLES)
def test_a_setting_has_a_variable(place: Place, name: str, text: str, key: tuple[str, str], value: object) -> None:
    loaded = place.load(environ={name: text})
    assert getattr(getattr(loaded.config, key[0]), key[1]) == value
    assert str(loaded.origins[".".join(key)]) == name
    assert loaded.warnings == ()


BAD_VARIABLES = [
    ("PASSENGER_SERVER_PORT", "http", f'[server] port: {WHOLE}, not the text "http"'),
    ("PASSENGER_SERVER_PORT", "99999", f"[server] port: {WHOLE}, not 99999"),
    ("PASSENGER_UPSTREAM_IDLE_TIMEOUT", "nan", f"[upstream] idle_timeout: {SPAN}, not nan"),
    ("PASSENGER_MODELS_ALIASES", "fast", "[models] aliases: must be fast=gpt-4.1,smart=gpt-5 or JSON such as"),
    ("PASSENGER_CLIENTS_MODEL", "what=b", "[clients] model: there is no client 'what'; aider, claude, cline"),
    ("PASSENGER_MODELS_ALIASES", "{nope", "[models] aliases: must be JSON such as"),
    ("PASSENGER_MODELS_ALIASES", "a=", "[models] aliases: must give each name a model id as text"),
    ("PASSENGER_GITHUB_DEVICE_CODE_URL", "\udcff", "[github] device_code_url: must be a URL of plain ASCII"),
    ("PASSENGER_COPILOT_API_BASE_URL", "http://c.example", "[copilot] api_base_url: must be https"),
]


@pytest.mark.proves("F54")
@pytest.mark.parametrize(("name", "text", "problem"), BAD_VARIABLES)
def test_a_bad_variable_is_named(place: Place, name: str, text: str, problem: str) -> None:
    [said] = place.problems(environ={name: text})
    assert said.startswith(f"{name}: {problem}")


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("PASSENGER_SERVER_PROT", "; did you mean PASSENGER_SERVER_PORT?"),
        ("PASSENGER_PORT", "; did you mean PASSENGER_SERVER_PORT?"),
        ("PASSENGER_LOGG", "; did you mean PASSENGER_LOG?"),
        ("PASSENGER_ZZZZZZZZZZ", ""),
    ],
)
def test_an_unknown_variable_warns_and_stops_nothing(place: Place, name: str, warning: str) -> None:
    assert place.load(environ={name: "secret"}).warnings == (f"{name} is ignored: unknown variable{warning}",)


def test_variables_that_are_no_settings_or_not_ours_or_empty_are_passed_over(place: Place) -> None:
    environ = {"PASSENGER_LOG": "debug", "PASSENGER_API_KEYS": "", "PASSENGER_SERVER_PORT": "", "PASSENGERS": "9"}
    assert place.load(environ=environ).warnings == ()


def test_a_flag_that_was_not_given_sets_nothing(place: Place) -> None:
    assert str(place.load(flags={"server.port": None}).origins["server.port"]) == "default"


def test_a_named_file_may_be_a_pipe(place: Place) -> None:
    read, write = os.pipe()
    os.write(write, b"[server]\nport = 9\n")
    os.close(write)
    assert place.load(config_path=Path(f"/dev/fd/{read}")).config.server.port == 9
    os.close(read)


# --- the section that was called [proxy] ---------------------------------------------------------------------------


def test_the_old_section_goes_on_working_and_its_new_name_is_said_once(place: Place) -> None:
    path = place.write(place.named, "[server]\nport = 9\n[proxy]\nstrict = true\nidle_timeout = 5\n")
    loaded = place.load(config_path=path)
    assert (loaded.config.upstream.strict, loaded.config.upstream.idle_timeout) == (True, 5)
    assert str(loaded.origins["upstream.strict"]) == f"{path}:4"
    assert loaded.warnings == (f"{path}:3: [proxy] is called [upstream] now: rename the section",)


def test_the_old_section_makes_a_found_file_ours_still(place: Place) -> None:
    path = place.write(place.cwd, "[proxy]\nstrict = true\n")
    loaded = place.load()
    assert loaded.config.upstream.strict
    assert loaded.warnings == (f"{path}:1: [proxy] is called [upstream] now: rename the section",)


def test_what_is_wrong_in_the_old_section_is_said_by_its_new_name(place: Place) -> None:
    path = place.write(place.named, "[proxy]\nidle_timeout = nan\nstrickt = true\n")
    assert place.problems(config_path=path) == [
        f"named.toml:2: [upstream] idle_timeout: {SPAN}, not nan",
        "named.toml:3: [upstream] strickt: unknown key; did you mean strict?",
    ]


def test_the_old_name_of_something_that_is_no_section_is_said_to_be_none(place: Place) -> None:
    path = place.write(place.named, "proxy = 3\n")
    assert place.problems(config_path=path) == ["named.toml:1: upstream: must be a table, written [upstream], not 3"]


@pytest.mark.parametrize(
    "text",
    ["[proxy]\nstrict = true\n[upstream]\nstrict = true\n", "[upstream]\nstrict = true\n[proxy]\nstrict = false\n"],
)
def test_a_key_in_both_sections_of_a_file_is_a_problem_that_names_both_places(place: Place, text: str) -> None:
    path = place.write(place.named, text)
    old, new = (text[: text.index(name)].count("\n") + 2 for name in ("[proxy]", "[upstream]"))
    assert place.problems(config_path=path) == [
        f"named.toml:{old}: [upstream] strict: named.toml:{new} sets it, too: keep that one alone"
    ]


def test_different_keys_in_both_sections_are_all_read(place: Place) -> None:
    path = place.write(place.named, "[proxy]\nstrict = true\n[upstream]\nidle_timeout = 5\n")
    loaded = place.load(config_path=path)
    assert (loaded.config.upstream.strict, loaded.config.upstream.idle_timeout) == (True, 5)


def test_an_old_variable_goes_on_working_and_its_new_name_is_said(place: Place) -> None:
    loaded = place.load(environ={"PASSENGER_PROXY_STRICT": "true"})
    assert loaded.config.upstream.strict
    assert str(loaded.origins["upstream.strict"]) == "PASSENGER_PROXY_STRICT"
    assert loaded.warnings == ("PASSENGER_PROXY_STRICT is called PASSENGER_UPSTREAM_STRICT now: rename it",)


def test_an_old_variable_beside_the_new_one_is_a_problem_that_names_both(place: Place) -> None:
    environ = {"PASSENGER_PROXY_STRICT": "true", "PASSENGER_UPSTREAM_STRICT": "false"}
    assert place.problems(environ=environ) == [
        "PASSENGER_PROXY_STRICT: [upstream] strict: PASSENGER_UPSTREAM_STRICT sets it, too: keep that one alone"
    ]


def test_an_empty_variable_stands_beside_no_other(place: Place) -> None:
    environ = {"PASSENGER_PROXY_STRICT": "true", "PASSENGER_UPSTREAM_STRICT": ""}
    assert place.load(environ=environ).config.upstream.strict


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[proxy]\nidle_timeout = 5\n", {"PASSENGER_UPSTREAM_IDLE_TIMEOUT": "7"}),
        ("[upstream]\nidle_timeout = 5\n", {"PASSENGER_PROXY_IDLE_TIMEOUT": "7"}),
    ],
)
def test_a_nearer_place_wins_whichever_name_it_uses(place: Place, old: str, new: dict[str, str]) -> None:
    path = place.write(place.named, old)
    assert place.load(environ=new, config_path=path).config.upstream.idle_timeout == 7
