"""A program in the place of an installed client: it writes down what it was given, asks once, and ends as told.

`$STUB` is the file to write. `$STUB_DOES` says what it does after that: `asks`, `waits`, `dies`, or an exit code.
"""

import http.client
import json
import os
import signal
import sys
from pathlib import Path


def settings() -> dict[str, str]:
    """Claude Code's `env` block, from the file that `--settings` names."""
    file = Path(sys.argv[sys.argv.index("--settings") + 1])
    found: dict[str, str] = json.loads(file.read_text())["env"]
    return found | {"file": str(file), "mode": oct(file.stat().st_mode & 0o777)}


def processes() -> dict[str, list[str]]:
    """The command line of every process of this machine that can be seen."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[path.parent.name] = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
    return found


def siblings() -> list[list[str]]:
    """The command lines of what the process that started us has started besides."""
    found = processes()
    return [line for pid, line in found.items() if int(pid) != os.getpid() and parent_of(pid) == os.getppid()]


def parent_of(pid: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.removeprefix("PPid:")) for line in lines if line.startswith("PPid:")), None)


def ask(env: dict[str, str]) -> int:
    host = env["ANTHROPIC_BASE_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    body = {
        "model": env["ANTHROPIC_MODEL"],
        "max_tokens": 64,
        "top_k": 1,
        "messages": [{"role": "user", "content": "hello"}],
    }
    headers = {
        "authorization": f"Bearer {env['ANTHROPIC_AUTH_TOKEN']}",
        "content-type": "application/json",
        "user-agent": "stub/1",
    }
    connection.request("POST", "/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def main() -> int:
    """Do as told."""
    if sys.argv[1:] == ["debug", "models"]:
        return 1
    env, does = settings(), os.environ.get("STUB_DOES", "asks")
    seen = {
        "argv": sys.argv,
        "settings": env,
        "environ": dict(os.environ),
        "cwd": str(Path.cwd()),
        "pid": os.getpid(),
        "group": os.getpgrp(),
        "processes": processes(),
        "siblings": siblings(),
        "status": ask(env) if does != "waits" else 0,
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    Path(os.environ["STUB"] + ".part").write_text(json.dumps(seen))
    Path(os.environ["STUB"] + ".part").rename(os.environ["STUB"])
    if does == "waits":
        signal.pause()
    if does == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return int(does) if does.isdigit() else 0


if __name__ == "__main__":
    sys.exit(main())
