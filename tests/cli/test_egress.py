"""What is wrong with the network's settings is said at the start, with its place and without its secrets."""

from pathlib import Path

import pytest
import trustme

from tests.cli.conftest import Command

PROXIES = {
    "socks5://clerk:made-up-word@proxy.corp:1080": "names a SOCKS proxy: only http:// and https:// ones can be used",
    "http://clerk:made-up-word@proxy.corp:port": "cannot be read: it must be http://host:port or https://host:port",
}


@pytest.mark.parametrize("value", PROXIES)
@pytest.mark.parametrize("verb", ["serve", "login", "refresh"])
@pytest.mark.proves("N14")
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_alone(command: Command, verb: str, value: str) -> None:
    ended = command(verb, env={"https_proxy": value})
    assert (ended.code, ended.err) == (2, f"https_proxy: {PROXIES[value]}\n")


@pytest.mark.proves("N15")
def test_a_bundle_that_is_not_there_is_named_with_the_flag(command: Command, home: Path) -> None:
    ended = command("--ca-bundle", "corp.pem")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "--ca-bundle: [network] ca_bundle: corp.pem: No such file or directory\n"


@pytest.mark.proves("N15")
def test_a_bundle_without_a_certificate_is_named_with_the_line_that_names_it(command: Command, home: Path) -> None:
    (home / "corp.pem").write_text("hello")
    (home / "own.toml").write_text('[network]\nca_bundle = "~/corp.pem"\n')
    ended = command("-c", "own.toml")
    assert ended.code == 2
    what = "holds no certificate that can be read: it must be PEM"
    assert ended.err == f"own.toml:2: [network] ca_bundle: ~/corp.pem: {what}\n"


@pytest.mark.proves("N15")
def test_a_config_file_that_is_merely_found_names_no_authority(command: Command, home: Path) -> None:
    trustme.CA().cert_pem.write_to_path(home / "corp.pem")
    (home / "config.toml").write_text('[network]\nca_bundle = "corp.pem"\n')
    ended = command("serve")
    assert ended.code == 2
    assert "[network] ca_bundle: may not be set by a config.toml that was found" in ended.err


@pytest.mark.proves("N15")
def test_a_file_of_openssls_variable_that_is_not_there_is_warned_of(command: Command) -> None:
    ended = command("serve", env={"SSL_CERT_FILE": "gone.pem"})
    assert ended.code == 4
    assert "SSL_CERT_FILE is ignored: there is no file gone.pem" in ended.err


@pytest.mark.proves("N15")
def test_there_is_no_flag_and_no_setting_that_switches_verification_off(command: Command) -> None:
    said = (command("--help").out + command("config", "show").out).lower()
    for word in ("insecure", "verify", "no-check"):
        assert word not in said
