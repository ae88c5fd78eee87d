"""No exception is raised twice: each raise collects the frames that it passes, and all that these hold.

What is raised is made where it is raised (a call, a class), or goes on as it is (a bare `raise`). A failure that is
kept, for the next request or for `/readyz`, is a value; whoever hears of it raises a copy (`Failure.but`).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import passenger

ROOT = Path(passenger.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "simulator" not in path.parts)  # it raises once, when it ends

KEPT = """
FAILED = ValueError("kept by the module")

async def raises(self, given, task):
    try:
        await task
    except ValueError as error:
        self.failure = error
        raise error
    mine = self.failure
    raise mine
    raise self.failure
    raise self.failures[0]
    raise self.failure.with_traceback(None)
    raise FAILED
    raise given
    raise self.failure from None
"""
MADE = """
def raises(self, given):
    try:
        given()
    except ValueError as error:
        raise
    except KeyError as error:
        raise LookupError from error
    except TypeError as error:
        raise error.but(status=400) from error
    raise ValueError("new")
    raise _TooMuchError
    raise errors.Stop
    raise self._made()
"""


def kept(source: str) -> Iterator[int]:
    """The lines that raise what was there before."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and node.exc is not None and not _is_made(node.exc):
            yield node.lineno


def _is_made(raised: ast.expr) -> bool:
    match raised:
        case ast.Call(func=ast.Attribute(attr="with_traceback" | "add_note" | "exception")):
            return False
        case ast.Call() | ast.Await(value=ast.Call()):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _names_a_class(name)
        case _:
            return False


def _names_a_class(name: str) -> bool:
    name = name.lstrip("_")
    return name[:1].isupper() and not name.isupper()


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_raised_is_new(path: Path) -> None:
    assert list(kept(path.read_text(encoding="utf-8"))) == []


def test_the_test_itself_knows_one_from_the_other() -> None:
    lines = [number for number, line in enumerate(KEPT.splitlines(), 1) if "raise " in line]
    assert sorted(kept(KEPT)) == lines
    assert list(kept(MADE)) == []
