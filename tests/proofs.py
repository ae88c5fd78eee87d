"""Which tests prove which promise, threat or fault: the marks of the tests, read for docs/verification.md.

`python -m tests.proofs` prints its tables; as a pytest plugin it ends a run with `--proofs` with what became of each.
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent

PROMISES = {
    "promise 1": "No web page can use it or read it.",
    "promise 2": "No key leaves: not in a log, an error, an argument or a file that others can read.",
    "promise 3": "It will not open to the network without a key.",
    "promise 4": "One exchange, however many requests and processes wait for a token.",
    "promise 5": "GitHub's token service down while the token is good: you notice nothing.",
    "promise 6": "A stream is never silently wrong: one that breaks ends with an error.",
    "promise 7": "Cancel means cancel: when your program hangs up, so do we.",
    "promise 8": "Everything is bounded: memory, connections, headers, bodies, depth, time.",
    "promise 9": "A restart is boring: streams are drained, the exit is 0, a kill breaks no file.",
    "promise 10": "What may have been billed is never sent again.",
    "undo": "What `setup` has written is taken back to the byte, and what you changed since stays (setup.md).",
    "setup": "A client's file changes where it has to, or is refused as it is (setup.md).",
    "doctor": "The doctor mends nothing, writes nothing, and says what to type (doctor.md).",
    "first login": "A login by the page or a command is taken up at once, without a restart (page.md, accounts.md).",
    "page": "The page works without scripts, on a narrow window, by keys alone, and loads from here alone (page.md).",
    "panel": "Whoever sits at a terminal is asked first, and nobody else is ever asked (cli.md).",
    "service": "The service runs nothing of the directory that it is in, and replaces nobody's file (service.md).",
}
THREATS = {
    "B1": "DNS rebinding",
    "B2": "a page reads across origins",
    "B3": "a page posts what a form can send",
    "B4": "a GET that costs or changes something",
    "B5": "reliance on the browser's own network guard",
    "B6": "a WebSocket from a page",
    "B7": "markup in what a request says of itself",
    "B8": "the session of the page, taken or used elsewhere",
    "N1": "listening to the network without a key",
    "N2": "other users of the machine",
    "N3": "slow headers, slow bodies, idle connections",
    "N4": "too many connections, too many requests",
    "N5": "size and number of headers, length of the target",
    "N6": "size of the body",
    "N7": "request smuggling",
    "N8": "a client's headers reach Copilot",
    "N9": "Copilot's headers split or forge ours",
    "N10": "events forged within a stream",
    "N11": "packed bombs, from clients and from upstream",
    "N12": "JSON bombs",
    "N13": "a request makes us fetch something",
    "N14": "a redirect takes the token or the prompt elsewhere",
    "N15": "TLS, a company's CA and proxy, netrc",
    "N16": "forged client addresses",
    "T1": "who can read a token file",
    "T2": "a torn write",
    "T3": "links, pipes and other people's files",
    "T4": "secrets in logs, errors, arguments",
    "T6": "hostile keys",
    "T7": "modules in the directory that it is started in",
    "T8": "an address that is opened in a browser",
    "S": "supply chain: the wheel, the locks, what importing does",
    "credentials": "where credentials may go (credentials.md)",
    "addresses": "a wrong base URL is served, or answered with the right one (endpoints.md)",
    "profiles": "logins of different hosts are never mixed (operating.md)",
}
FAULTS = {
    "F1": "the token expires between check and use",
    "F2": "401 again after a new token",
    "F3": "a stampede of requests without a token",
    "F4": "who began the exchange hangs up",
    "F5": "one exchange fails, the token is still good",
    "F6": "GitHub is down, the token in the file is good",
    "F7": "GitHub is down, the token has expired",
    "F8": "the exchange is refused, in all its ways",
    "F9": "absurd times in a token",
    "F10": "a clock that is wrong or jumps",
    "F11": "two processes share a token file",
    "F12": "a lock whose owner was killed, or that cannot be had",
    "F13": "a corrupt token file",
    "F14": "a directory that is read-only, full or gone",
    "F15": "logout and another login while running",
    "F16": "a login that is slow, denied, expired, interrupted",
    "F20": "429 and how long to wait",
    "F21": "5xx, web pages, empty bodies",
    "F22": "Copilot's own errors",
    "F23": "DNS, TCP and TLS fail or stall",
    "F24": "a kept connection that was closed meanwhile",
    "F25": "odd or huge heads of answers",
    "F26": "HTTP/1.0, packed or wrongly typed answers",
    "F27": "nothing comes before the headers",
    "F28": "an answer before the request was read",
    "F30": "a stream cut at any byte",
    "F31": "huge events, very many events",
    "F32": "a stream that breaks",
    "F33": "an error in mid-stream",
    "F34": "slow and silent streams",
    "F35": "the client hangs up",
    "F36": "the client closes its half",
    "F37": "a client that does not read",
    "F38": "odd characters in a stream",
    "F39": "odd orders of calls and choices",
    "F40": "an answer that goes on after its end",
    "F41": "an answer that contradicts itself, or says what is not to be understood",
    "F42": "absurd statuses, dates, numbers and tokens",
    "F43": "any conversation, from any client to any model",
    "F44": "an answer cut in the middle of a call, and arguments that mean nothing",
    "F45": "one of several calls for one request fails, or its client goes",
    "F50": "SIGTERM with streams",
    "F51": "SIGKILL at any moment",
    "F53": "the port is taken",
    "F54": "typos in the settings",
    "F55": "no file descriptors left",
    "F56": "memory pressure",
    "F59": "closed or blocked output",
    "F60": "odd environments",
    "F61": "both addresses of localhost",
    "F63": "one client's huge body and everybody else",
    "F66": "a process that hangs, or was stopped with all others",
    "F67": "a terminal that closes, and signals that mean nothing",
}
ROWS: Mapping[str, str] = {**PROMISES, **THREATS, **FAULTS}


# --- the marks, as the tests have them ---------------------------------------------------------------------------


@functools.cache
def proofs() -> Mapping[str, list[str]]:
    """The tests of each row, as `path::name`; read once a run, for each of the tests is parsed."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("test_*.py")):
        for name, rows in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            for row in rows:
                found[row].append(f"{path.relative_to(ROOT.parent).as_posix()}::{name}")
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            rows = [row for decorator in node.decorator_list for row in _rows_of(decorator)]
            if rows:
                yield node.name, rows


def _rows_of(decorator: ast.expr) -> list[str]:
    match decorator:
        case ast.Call(func=ast.Attribute(attr="proves"), args=args):
            return [str(argument.value) for argument in args if isinstance(argument, ast.Constant)]
        case _:
            return []


def table(rows: Mapping[str, str]) -> str:
    """Some rows and their tests, in Markdown."""
    found = proofs()
    lines = [f"| {row} | {what} | {_listed(found.get(row, []))} |" for row, what in rows.items()]
    return "\n".join(["| | what | tests |", "|---|---|---|", *lines])


def _listed(tests: list[str]) -> str:
    files: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        path, _, name = test.partition("::")
        files[path].append(name.removeprefix("test_").replace("_", " "))
    return "; ".join(f"[{path.removeprefix('tests/')}](../{path}): {', '.join(names)}" for path, names in files.items())


# --- a run that ends with what became of each --------------------------------------------------------------------


class Summary:
    """Counts the outcomes of marked tests and prints them by row."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one test's outcome; what fails in its set-up has failed."""
        if report.when != "call" and report.passed:
            return
        properties: dict[str, Any] = dict(report.user_properties)  # Any: pytest lets them be anything
        for row in properties.get("proves", ()):
            self._counts[row][report.outcome] += 1
            self._seconds[row] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        terminalreporter.section("what was proved")
        for row, what in ROWS.items():
            counts = self._counts.get(row, {})
            text = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no test was run"
            terminalreporter.write_line(f"{row:<12} {what:<62} {text:<24} {self._seconds[row]:7.1f} s")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--proofs`."""
    parser.addoption("--proofs", action="store_true", help="end with what was proved")


def pytest_configure(config: pytest.Config) -> None:
    """Count where somebody wants to know, in the process that reports."""
    if config.getoption("--proofs") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each report say what its test proves."""
    for item in items:
        rows = [row for mark in item.iter_markers("proves") for row in mark.args]
        if rows:
            item.user_properties.append(("proves", rows))


if __name__ == "__main__":
    for group in (PROMISES, THREATS, FAULTS):
        print(table(group), end="\n\n")
