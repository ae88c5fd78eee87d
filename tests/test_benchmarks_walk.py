"""`make walk` in a process of its own: it counts what is made from the first import on."""

import re
import subprocess
import sys


def test_the_walk_of_a_relayed_and_of_a_translated_stream_is_told() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.walk", "--all"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    rows = {name: [int(figure) for figure in row.split()] for name, row in re.findall(r"(?m)^(\w+) +([\d ]+)$", told)}
    assert set(rows) >= {"relayed", "translated"}
    for calls, functions, files, objects, structs, events in (rows["relayed"], rows["translated"]):
        assert calls >= functions >= files > 0
        assert objects > 0
        assert structs >= events > 2
    assert rows["translated"][0] > rows["relayed"][0]
    assert "server/request_path.py" in told
    assert "simulator" not in told
