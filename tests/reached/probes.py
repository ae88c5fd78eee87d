"""Put marks into a module: one for each statement, and one for each way out of an `if`, a loop or a `case`.

Which lines and ways there are is coverage.py's to say, for its report is to fit them:
https://coverage.readthedocs.io/en/latest/branch.html
"""

import ast
from collections.abc import Iterable

from coverage.parser import PythonParser

MARKS = "_reached_"
"""The builtin that holds the bytes."""

Arc = tuple[int, int]
"""From a line to a line; to a negative one, out of the code that begins there."""

ENTRY = -1
"""Where an arc begins of which only the end counts."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Probes:
    """Puts the marks in, with numbers from `first` on; `arcs` says of each of them what it shows to have been run."""

    def __init__(self, parser: PythonParser, first: int) -> None:
        self.arcs: list[list[Arc]] = []
        self._parser = parser
        self._first = first
        self._ways: dict[int, set[int]] = {}
        for begin, end in parser.arcs():
            self._ways.setdefault(begin, set()).add(end)

    def put(self, node: ast.Module | ast.stmt) -> None:
        """Put marks into what a node holds."""
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                self._into_documented(node)
            case ast.With() | ast.AsyncWith():
                node.body = self._marked(node.body)
            case ast.If() | ast.While():
                self._into_fork(node, self._line(node.test))
            case ast.For() | ast.AsyncFor():
                self._into_fork(node, self._line(node.iter))
            case ast.Try():
                self._into_try(node)
            case ast.Match():
                self._into_match(node)
            case ast.TryStar():
                raise NotImplementedError("there are no marks for `except*` yet")
            case _:
                pass

    def _into_documented(self, node: Documented) -> None:
        """Leave a docstring the first, and what no mark may precede."""
        first = ast.get_docstring(node, clean=False) is not None
        future = [one for one in node.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
        after = first + len(future)
        node.body = [*node.body[:after], *self._marked(node.body[after:], [(ENTRY, self._line(one)) for one in future])]

    def _into_fork(self, node: ast.If | ast.While | ast.For | ast.AsyncFor, here: int) -> None:
        into, beyond = self._ways_from(here, node.body)
        node.body = self._marked(node.body, into)
        node.orelse = self._marked(node.orelse, beyond) if node.orelse else self._alone(node, beyond)

    def _into_match(self, node: ast.Match) -> None:
        """What one case takes, or none of them, has gone by those before."""
        by: list[Arc] = []
        beyond: list[Arc] = []
        for case in node.cases:
            into, beyond = self._ways_from(self._line(case.pattern), case.body)
            case.body = self._marked(case.body, [*by, *into])
            by += beyond
        if beyond:
            node.cases.append(ast.match_case(ast.MatchAs(), None, self._alone(node, by)))

    def _into_try(self, node: ast.Try) -> None:
        """An exception that one `except` takes has been at those before; where none takes it, they are not marked."""
        node.body, node.orelse, node.finalbody = map(self._marked, (node.body, node.orelse, node.finalbody))
        at: list[Arc] = []
        for handler in node.handlers:
            at.append((ENTRY, self._line(handler)))
            handler.body = self._marked(handler.body, at)

    # --- marks ---------------------------------------------------------------------------------------------------

    def _marked(self, body: list[ast.stmt], arrived: Iterable[Arc] = ()) -> list[ast.stmt]:
        """A body with a mark before each statement; the first one shows, too, how it was arrived at."""
        found: list[ast.stmt] = []
        for number, node in enumerate(body):
            lines = [(ENTRY, line) for line in sorted(self._lines(node))]
            found += [self._mark(node, lines if number else [*arrived, *lines]), node]
            self.put(node)
        return found

    def _alone(self, node: ast.stmt, arcs: list[Arc]) -> list[ast.stmt]:
        """A body that is a mark, where there is anything to show."""
        return [self._mark(node, arcs)] if arcs else []

    def _mark(self, where: ast.AST, arcs: Iterable[Arc]) -> ast.stmt:
        number = ast.Constant(self._first + len(self.arcs))
        self.arcs.append(list(arcs))
        mark = ast.Assign([ast.Subscript(ast.Name(MARKS, ast.Load()), number, ast.Store())], ast.Constant(1))
        return ast.fix_missing_locations(ast.copy_location(mark, where))

    # --- lines ---------------------------------------------------------------------------------------------------

    def _line(self, node: ast.expr | ast.stmt | ast.pattern | ast.excepthandler) -> int:
        """The first line of the statement that it is in."""
        return self._parser.first_line(node.lineno)

    def _lines(self, node: ast.stmt) -> set[int]:
        """A statement's line, and those of its decorators."""
        return {self._line(one) for one in (*getattr(node, "decorator_list", ()), node)}

    def _ways_from(self, here: int, body: list[ast.stmt]) -> tuple[list[Arc], list[Arc]]:
        """The way from a line into a body, and any other."""
        ways = sorted(self._ways.get(here, set()))
        into = next((line for node in body for line in [min(self._lines(node))] if line in ways), None)
        return [(here, way) for way in ways if way == into], [(here, way) for way in ways if way != into]
