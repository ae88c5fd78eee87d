"""Whoever runs the tests hears how long it took."""

import re

import pytest

from tests import took


def test_it_says_how_long_it_took_and_ends_as_python_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert took.main(["-c", "import time\nwhile time.process_time() < 0.6: pass\nraise SystemExit(3)"]) == 3
    found = re.fullmatch(r"It took (\d+) s, and (\d+) s of CPU with all processes\.\n", capsys.readouterr().out)
    assert found
    assert int(found[2]) >= 1


def test_what_is_compiled_is_kept_even_where_the_environment_says_no() -> None:
    assert took.environment({"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/root"}) == {"HOME": "/root"}
