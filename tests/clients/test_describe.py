"""A plan as it is shown."""

from pathlib import Path

from passenger.clients.describe import as_data, as_shell
from passenger.clients.plan import OwnedFile, OwnedLink, Plan

PLAN = Plan(
    argv=["x", "-m", "two words"],
    env={"KEY": "secret"},
    unset=["OLD"],
    files=[OwnedFile(Path("/s/f"), '{"key": "secret"}\n')],
    links=[OwnedLink(Path("/s/l"), Path("/t"))],
    notes=["Mind this."],
)


def test_for_a_shell() -> None:
    assert as_shell(PLAN, ["-p", "a b"], "secret").splitlines() == [
        "unset OLD",
        "export KEY=<key>",
        "x -m 'two words' -p 'a b'",
        "",
        "# /s/f",
        '{"key": "<key>"}',
        "# /s/l -> /t",
        "# Mind this.",
    ]


def test_for_a_program() -> None:
    assert as_data(PLAN, ["-p"], "secret") == {
        "argv": ["x", "-m", "two words", "-p"],
        "env": {"KEY": "<key>"},
        "unset": ["OLD"],
        "files": {"/s/f": '{"key": "<key>"}\n'},
        "links": {"/s/l": "/t"},
        "notes": ["Mind this."],
    }
