"""The peers of the benchmark: how each is pointed at its upstream, and that one that is not there is left out."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest
from benchmarks import install, peers
from benchmarks.contestants import PASSENGER, Contestant, LeftOutError, Stage
from benchmarks.sizes import directory_mb, distribution_mb, distributions
from benchmarks.variants import over_tls, paired

UPSTREAM = "http://127.0.0.1:4"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(3, UPSTREAM, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        'const GITHUB_API_BASE_URL = "https://api.github.com";',
        'const url = individual ? "https://api.githubcopilot.com" : other;',
        'await fetch("https://aur.archlinux.org/cgit/x")',
    ],
)
def test_copilot_api_is_run_from_a_copy_that_knows_no_other_upstream(stage: Stage, tmp_path: Path, line: str) -> None:
    modules = tmp_path / "cache"
    program = modules / "copilot-api" / "dist" / "main.js"
    program.parent.mkdir(parents=True)
    program.write_text(line)
    command = peers._copied("node", modules, stage)
    copy = Path(command[1]).read_text()
    assert UPSTREAM in copy
    assert "https://" not in copy
    assert program.read_text() == line


def test_a_copilot_api_without_the_constants_is_left_out(stage: Stage, tmp_path: Path) -> None:
    program = tmp_path / "cache" / "copilot-api" / "dist" / "main.js"
    program.parent.mkdir(parents=True)
    program.write_text("nothing")
    with pytest.raises(LeftOutError, match="its upstream is not where it was"):
        peers._copied("node", tmp_path / "cache", stage)


def test_nginx_and_litellm_are_told_their_upstream_and_their_workers(stage: Stage) -> None:
    peers._nginx("nginx", 2, stage)
    nginx = (stage.home / "nginx.conf").read_text()
    assert "worker_processes 2;" in nginx
    assert "server 127.0.0.1:4;" in nginx
    assert "proxy_pass http://simulator;" in nginx
    assert peers._litellm("litellm", 2, stage)[-2:] == ["--num_workers", "2"]
    litellm = json.loads((stage.home / "config.yaml").read_text())
    assert {model["litellm_params"]["api_base"] for model in litellm["model_list"]} == {UPSTREAM}


def test_whoever_reaches_the_upstream_over_tls_checks_its_certificate(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = replace(stage, secure_upstream="https://127.0.0.1:5", authority=stage.home / "authority.pem")
    monkeypatch.setenv("PASSENGER_RS", "/bin/true")
    trust = f"SSL_CERT_FILE={secured.authority}"
    assert list(_command(over_tls(peers.passenger_rs)(), secured))[:3] == [
        "env",
        trust,
        str(Path("/bin/true").resolve()),
    ]
    nginx = replace(peers.passenger_rs(), name="nginx", command=partial(peers._nginx, "nginx", 1))
    assert _command(over_tls(lambda: nginx)(), secured)[0] == "nginx"
    text = (stage.home / "nginx.conf").read_text()
    assert "server 127.0.0.1:5;" in text
    assert "proxy_pass https://simulator;" in text
    assert f"proxy_ssl_trusted_certificate {secured.authority};" in text
    assert "proxy_ssl_verify on;" in text
    _command(over_tls(lambda: PASSENGER)(), secured)
    settings = tomllib.loads((stage.home / "settings.toml").read_text())
    assert settings["network"]["ca_bundle"] == str(secured.authority)
    assert settings["github"]["copilot_token_url"].startswith("https://127.0.0.1:5/")


def _command(contestant: Contestant, stage: Stage) -> Sequence[str]:
    assert contestant.command is not None
    return contestant.command(stage)


def test_passenger_rs_and_bifrost_are_told_their_upstream(stage: Stage) -> None:
    peers._passenger_rs("passenger-rs", stage)
    settings = tomllib.loads((stage.home / "config.toml").read_text())
    assert settings["copilot"]["api_base_url"] == UPSTREAM
    assert settings["server"]["port"] == 3
    peers._bifrost("bifrost", stage)
    assert UPSTREAM in (stage.home / "config.json").read_text()


@pytest.mark.parametrize(("make", "variable"), [(peers.passenger_rs, "PASSENGER_RS"), (peers.bifrost, "BIFROST")])
def test_a_binary_that_was_not_given_is_left_out_with_a_line_that_helps(
    make: peers.Peer, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(LeftOutError, match=f"give its binary as {variable}=path"):
        make()
    monkeypatch.setenv(variable, "/nowhere")
    with pytest.raises(LeftOutError, match="is not a program"):
        make()


def test_two_workers_are_left_out_while_passenger_knows_none(stage: Stage) -> None:
    with pytest.raises(LeftOutError, match="knows no --workers"):
        paired("--port PORT")
    pair = paired("--workers NUMBER").command
    assert pair is not None
    assert list(pair(stage))[-2:] == ["--workers", "2"]


def test_what_is_installed_already_is_not_installed_again(tmp_path: Path) -> None:
    where = tmp_path / "thing-1"
    install.once(where, lambda: install.do(["touch", str(where / "made")], where))
    assert (where / "made").exists()
    install.once(where, lambda: install.do(["false"], where))


def test_an_installation_that_fails_leaves_the_peer_out_and_is_tried_again(tmp_path: Path) -> None:
    where = tmp_path / "thing-1"
    for _ in range(2):
        with pytest.raises(LeftOutError, match="thing-1 was not installed: no such package"):
            install.once(where, lambda: install.do(["sh", "-c", "echo no such package >&2; exit 1"], where))


def test_a_directory_is_as_large_as_its_files_and_links_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(bytes(500_000))
    (tmp_path / "link").symlink_to(tmp_path / "inner" / "file")
    assert directory_mb(tmp_path) == 0.5
    assert directory_mb(tmp_path / "inner" / "file") == 0.5


def test_a_package_is_as_large_as_all_that_it_needs(tmp_path: Path) -> None:
    for name, needs in (("one", "Two>=1; python_version > '3'"), ("two", "absent"), ("three", "")):
        _installed(tmp_path, name, needs)

    def find(name: str) -> Distribution:
        metadata = tmp_path / f"{name}-1.dist-info"
        if not metadata.exists():
            raise PackageNotFoundError(name)
        return Distribution.at(metadata)

    assert distribution_mb("one", find) == pytest.approx(2.0)
    assert distributions("one", find) == 1


def _installed(where: Path, name: str, needs: str) -> None:
    """A package of one megabyte."""
    metadata = where / f"{name}-1.dist-info"
    metadata.mkdir()
    (where / f"{name}.py").write_bytes(bytes(1_000_000))
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needed}")
    (metadata / "RECORD").write_text(f"{name}.py,,\n")
