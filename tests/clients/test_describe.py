"""A plan as it is shown."""

from pathlib import Path

from passenger.clients.describe import HIDDEN, as_data, as_shell
from passenger.clients.plan import OwnedFile, OwnedLink, Plan

PLAN = Plan(
    argv=["x", "-m", "two words"],
    env={"KEY": HIDDEN},
    unset=["OLD"],
    files=[OwnedFile(Path("/s/f"), f'{{"key": "{HIDDEN}"}}\n')],
    links=[OwnedLink(Path("/s/l"), Path("/t"))],
    notes=["Mind this."],
)


def test_for_a_shell() -> None:
    assert as_shell(PLAN, ["-p", "a b", "--key=secret"], "secret").splitlines() == [
        "unset OLD",
        "export KEY='<key>'",
        "x -m 'two words' -p 'a b' '--key=<key>'",
        "",
        "# /s/f",
        '{"key": "<key>"}',
        "# /s/l -> /t",
        "# Mind this.",
    ]


def test_for_a_program() -> None:
    assert as_data(PLAN, ["-p", "secret"], "secret") == {
        "argv": ["x", "-m", "two words", "-p", "<key>"],
        "env": {"KEY": "<key>"},
        "unset": ["OLD"],
        "files": {"/s/f": '{"key": "<key>"}\n'},
        "links": {"/s/l": "/t"},
        "notes": ["Mind this."],
    }
