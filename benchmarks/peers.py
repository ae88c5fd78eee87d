"""The others: each installed at a pinned version where a registry has it, and set up as its own documentation says.

A peer whose upstream is a constant of its code is run from a copy in which the constant is the benchmark's upstream.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.contestants import CHAT, DIALECTS, LOGIN, Contestant, LeftOutError, Stage
from benchmarks.install import from_npm, from_pip, node
from benchmarks.payloads import MODELS, SPEAKS_MESSAGES, SPEAKS_RESPONSES
from benchmarks.sizes import directory_mb

LITELLM = "1.106.2"
COPILOT_API = "0.7.0"
BUN = "1.4.5"

Peer = Callable[[], Contestant]

# --- nginx: the limit --------------------------------------------------------------------------------------------

# https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive; unbuffered, or an event would wait for others
NGINX = """\
worker_processes {workers};
worker_rlimit_nofile 20000;
daemon off;
pid {home}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  keepalive_requests 1000000;
  upstream simulator {{ server {host}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048{reuse};
    location /health {{ return 200; }}
    location / {{
      proxy_pass {scheme}://simulator;
      proxy_ssl_trusted_certificate {authority};
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
    }}
  }}
}}
"""


def nginx() -> Contestant:
    """A plain reverse proxy in C."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if binary is None:
        raise LeftOutError("nginx: not on the PATH; `apt-get install nginx-light` brings it")
    return Contestant(
        "nginx",
        CHAT,
        command=partial(_nginx, binary, 1),
        help_command=(binary, "-h"),
        peer=True,
        version=_said([binary, "-v"], r"nginx/(\S+)"),
        size=lambda: directory_mb(Path(binary)),
    )


def nginx_pair() -> Contestant:
    """The same with two workers."""
    one = nginx()
    return replace(one, command=partial(_nginx, one.help_command[0], 2))


def _nginx(binary: str, workers: int, stage: Stage) -> list[str]:
    scheme, _, host = stage.upstream.partition("://")
    text = NGINX.format(
        workers=workers,
        port=stage.port,
        home=stage.home,
        scheme=scheme,
        host=host,
        authority=stage.authority,
        reuse=" reuseport" if workers > 1 else "",
    )
    settings = stage.home / "nginx.conf"
    settings.write_text(text)
    return [binary, "-c", str(settings), "-e", "stderr"]


# --- LiteLLM -----------------------------------------------------------------------------------------------------

# https://docs.litellm.ai/docs/proxy/prod: log errors alone, no debugging, production mode
LITELLM_ENV = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
LITELLM_KEY = "sk-benchmark"


def litellm() -> Contestant:
    """LiteLLM's proxy with an upstream of OpenAI's kind: the leanest of its ways, leaner than its own for Copilot."""
    venv = from_pip("litellm[proxy]", "litellm", LITELLM)
    command = str(venv / "bin" / "litellm")
    return Contestant(
        "LiteLLM",
        DIALECTS,
        command=partial(_litellm, command, 1),
        ready_path="/health/liveliness",
        patience=240.0,
        help_command=(command, "--help"),
        env=LITELLM_ENV,
        translates=frozenset({"messages", "responses", "chat to responses", "chat to messages"}),
        key=LITELLM_KEY,
        slow=8,
        peer=True,
        version=LITELLM,
        size=lambda: directory_mb(venv / "lib"),
    )


def litellm_pair() -> Contestant:
    """The same with two workers."""
    one = litellm()
    return replace(one, command=partial(_litellm, one.help_command[0], 2))


def _litellm(command: str, workers: int, stage: Stage) -> list[str]:
    settings = stage.home / "config.yaml"
    settings.write_text(json.dumps(_litellm_settings(stage.upstream)))  # JSON is YAML, too
    place = ["--host", "127.0.0.1", "--port", str(stage.port)]
    return [command, "--config", str(settings), *place, "--num_workers", str(workers)]


def _litellm_settings(upstream: str) -> Mapping[str, object]:
    routes = {SPEAKS_RESPONSES: "openai/responses/", SPEAKS_MESSAGES: "anthropic/"}
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"{routes.get(name, 'openai/')}{name}",
                "api_base": upstream,
                "api_key": "benchmark",
            },
        }
        for name in MODELS
    ]
    settings = {
        "request_timeout": 600,
        "set_verbose": False,
        "json_logs": True,
        # or a Messages client's request is translated to the Responses API
        "use_chat_completions_url_for_anthropic_messages": True,
    }
    return {"model_list": models, "general_settings": {"master_key": LITELLM_KEY}, "litellm_settings": settings}


# --- copilot-api -------------------------------------------------------------------------------------------------

COPILOT_API_HOSTS = re.compile(
    r"https://(?:api\.githubcopilot\.com|api\.github\.com|github\.com|aur\.archlinux\.org)(?=[/\"`])"
)


def copilot_api_node() -> Contestant:
    """copilot-api as `npx copilot-api start` runs it."""
    return _copilot_api("copilot-api (Node)", node(), _said([node(), "--version"], r"v(\S+)"))


def copilot_api_bun() -> Contestant:
    """copilot-api as its container runs it."""
    binaries = sorted((from_npm("bun", BUN) / "@oven").glob("*/bin/bun"))
    if not binaries:
        raise LeftOutError(f"Bun {BUN}: its package brings no binary for this machine")
    return _copilot_api("copilot-api (Bun)", str(binaries[0]), BUN)


def _copilot_api(name: str, runtime: str, version: str) -> Contestant:
    modules = from_npm("copilot-api", COPILOT_API)
    return Contestant(
        name,
        {route: DIALECTS[route] for route in ("chat", "messages")},
        command=partial(_copied, runtime, modules),
        ready_path="/",
        help_command=(runtime, str(modules / "copilot-api/dist/main.js"), "--help"),
        env={"NODE_ENV": "production", "HOST": "127.0.0.1"},
        translates=frozenset({"messages"}),
        slow=2,
        peer=True,
        version=f"{COPILOT_API} on {version}",
        size=lambda: directory_mb(modules),
    )


def _copied(runtime: str, modules: Path, stage: Stage) -> list[str]:
    """A copy whose GitHub and Copilot are the upstream; the packages that it needs are beside it, as they were."""
    text, count = COPILOT_API_HOSTS.subn(stage.upstream, (modules / "copilot-api/dist/main.js").read_text())
    if not count:
        raise LeftOutError(f"copilot-api {COPILOT_API}: its upstream is not where it was")
    program = stage.home / "main.mjs"
    program.write_text(text)
    (stage.home / "node_modules").symlink_to(modules)
    return [runtime, str(program), "start", "--port", str(stage.port), "--github-token", LOGIN]


# --- given as binaries -------------------------------------------------------------------------------------------


def passenger_rs() -> Contestant:
    """passenger-rs, whose settings say where GitHub and Copilot are."""
    binary = _given("PASSENGER_RS", "passenger-rs")
    return Contestant(
        "passenger-rs",
        CHAT,
        command=partial(_passenger_rs, binary),
        ready_path="/v1/models",
        help_command=(binary, "--help"),
        may_lose=True,  # it reads each piece of the network as lines of its own, and drops those that were cut
        peer=True,
        version="as given",
        size=lambda: directory_mb(Path(binary)),
    )


def _passenger_rs(binary: str, stage: Stage) -> list[str]:
    up, saved = stage.upstream, stage.home / ".config" / "passenger-rs"
    github = {
        "device_code_url": f"{up}/login/device/code",
        "oauth_token_url": f"{up}/login/oauth/access_token",
        "copilot_token_url": f"{up}/copilot_internal/v2/token",
        "copilot_models_url": f"{up}/models",
        "client_id": "benchmark",
    }
    tables: dict[str, Mapping[str, object]] = {
        "github": github,
        "copilot": {"api_base_url": up},
        "server": {"port": stage.port, "host": "127.0.0.1"},
    }
    settings = stage.home / "config.toml"
    settings.write_text("".join(f"[{name}]\n{_toml(table)}\n" for name, table in tables.items()))
    saved.mkdir(parents=True)
    login = {"access_token": LOGIN, "token_type": "bearer", "scope": ""}
    token = {"token": "tid=benchmark", "expires_at": int(time.time()) + 7200, "refresh_in": 7000}
    (saved / "access_token.json").write_text(json.dumps(login))
    (saved / "token.json").write_text(json.dumps(token))
    return [binary, "--config", str(settings)]


def _toml(table: Mapping[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


def bifrost() -> Contestant:
    """Bifrost with an upstream of OpenAI's kind, its settings in a file and its log of requests off."""
    binary = _given("BIFROST", "Bifrost")
    return Contestant(
        "Bifrost",
        CHAT,
        command=partial(_bifrost, binary),
        help_command=(binary, "-h"),
        prefix="openai/",
        peer=True,
        version="as given",
        size=lambda: directory_mb(Path(binary)),
    )


def _bifrost(binary: str, stage: Stage) -> list[str]:
    # https://docs.getbifrost.ai/deployment-guides/config-json
    key = {"name": "benchmark", "value": "benchmark", "models": ["*"], "weight": 1.0}
    provider = {"keys": [key], "network_config": {"base_url": stage.upstream}}
    settings = {
        "client": {"drop_excess_requests": False, "enable_logging": False},
        "providers": {"openai": provider},
        "config_store": {"enabled": False},
    }
    (stage.home / "config.json").write_text(json.dumps(settings))
    place = ["-host", "127.0.0.1", "-port", str(stage.port)]
    return [binary, "-app-dir", str(stage.home), *place, "-log-level", "error"]


def _given(variable: str, name: str) -> str:
    path = os.environ.get(variable)
    if not path:
        raise LeftOutError(f"{name}: no registry has it; give its binary as {variable}=path")
    if not os.access(path, os.X_OK):
        raise LeftOutError(f"{name}: {variable} is not a program")
    return str(Path(path).resolve())


def _said(command: list[str], pattern: str) -> str:
    """The version that a program says it is."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, ended.stdout + ended.stderr)
    return found[1] if found else "?"


YARDSTICKS: tuple[Peer, ...] = (nginx, passenger_rs)
"""Those beside whom the bars are set, and who are quick to start."""

PEERS: Mapping[str, Peer] = {
    "copilot-api (Bun)": copilot_api_bun,
    "copilot-api (Node)": copilot_api_node,
    "LiteLLM": litellm,
    "Bifrost": bifrost,
}
