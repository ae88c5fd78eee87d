"""What the tests cost is added up over workers and children."""

import os
import subprocess
import sys
from pathlib import Path

from tests.costs import dearest

ROOT = Path(__file__).parent.parent
CHEAP = "def test_cheap() -> None: pass\n"
DEAR = """
import subprocess, sys

def test_dear() -> None:
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"], check=True)
"""


def test_the_dearest_by_cpu_time_come_first_below_all_together() -> None:
    costs = {"a": (1.0, 9.0), "b": (3.0, 4.0), "c": (2.0, 2.0)}
    assert [line.split() for line in dearest(costs, 2)] == [
        ["6.0", "s", "of", "CPU", "15.0", "s", "all", "files"],
        ["3.0", "s", "of", "CPU", "4.0", "s", "b"],
        ["2.0", "s", "of", "CPU", "2.0", "s", "c"],
    ]


def test_a_process_that_a_test_has_run_counts_in_a_worker(tmp_path: Path) -> None:
    for name, text in (("test_a.py", CHEAP), ("test_b.py", DEAR)):
        (tmp_path / name).write_text(text)
    options = ["-p", "tests.costs", "--costs", "1", "-p", "xdist", "-n", "1", "--rootdir", str(tmp_path), "-q"]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    lines = done.stdout.partition("what the tests cost")[2].splitlines()
    assert lines[1].endswith("all files"), done.stdout + done.stderr
    assert lines[2].endswith("test_b.py")
