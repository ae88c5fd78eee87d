"""A public name means one thing."""

import subprocess
import sys

from tests import names


def test_no_public_name_means_two_things() -> None:
    assert names.clashes() == {}


def test_a_role_is_played_by_several_modules() -> None:
    for line in names.roles():
        assert int(line.split()[-2]) > 1, line


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    tool = subprocess.Popen([sys.executable, "-m", "tests.names"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tool.stdout is not None
    tool.stdout.close()
    assert tool.stderr is not None
    assert (tool.stderr.read(), tool.wait()) == (b"", 0)
    tool.stderr.close()
