"""The driver of the real programs: what it reads, judges and writes; nothing is installed and no program is run."""

import asyncio
import re
import sys
from datetime import date
from pathlib import Path

import aiohttp
import pytest
from clients.__main__ import PAGE, Options, chosen
from clients.install import COMPLETE, NotInstalledError, installed
from clients.process import Ended, run
from clients.programs import TURNS
from clients.report import BEGIN, END, HEAD, Line, as_markdown, as_text, rewritten
from clients.stage import carries, environment
from clients.tap import Asked, requests_in, tapped
from clients.turn import KEY, Program, Setting, Turn, call
from clients.verdict import PASSED, Seen, last_words, plain, refused, verdict

from passenger.simulator.faults import Directive, directives
from passenger.simulator.recorded import Recorded
from tests.proxy import Proxy

SECRET = "seat-0123456789ab"
PROGRAMS = {turn.program.name: turn.program for turn in TURNS}


def seen(
    *,
    ended: Ended | None = None,
    asked: tuple[Asked, ...] = (),
    reached: tuple[str, ...] = ("/responses",) * 2,
    carried: tuple[str, ...] = ("/responses",),
    edited: bool | None = None,
) -> Seen:
    return Seen(
        ended=ended or Ended(0, f"The tool said: {SECRET}", ""),
        secret=SECRET,
        asked=asked,
        reached=reached,
        carried=carried,
        edited=edited,
    )


def line(result: str = PASSED) -> Line:
    return Line(
        program="A program",
        version="1.0",
        dialect="chat",
        model="gpt-4o",
        reached=("/responses", "/responses"),
        told="tool `read`",
        result=result,
        day=date(2026, 11, 23),
    )


def options(**given: object) -> Options:
    settled = {"names": [], "dialects": [], "models": [], "quick": False, "write": False, "transcripts": None}
    return Options(**{**settled, "cache": Path(), "patience": 1.0, **given})  # type: ignore[arg-type]  # made of words


# --- turns -------------------------------------------------------------------------------------------------------


def test_a_prompt_orders_exactly_the_call_that_it_was_made_for() -> None:
    prompt = call("read_file", file_path='C:\\a "b" ]] c')
    assert list(directives(prompt)) == [Directive("call", 'read_file {"file_path": "C:\\\\a \\"b\\" ]] c"}')]


def test_every_dialect_is_spoken_by_some_program() -> None:
    assert {turn.dialect for turn in TURNS} == {"chat", "responses", "messages", "gemini", "ollama"}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_every_package_is_pinned_to_one_version(program: Program) -> None:
    for package in program.packages:
        assert re.fullmatch(r"(@[\w-]+/)?[\w-]+(@|==)\d+(\.\d+)+", package)
    assert re.fullmatch(r"\d+(\.\d+)+", program.version)


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: f"{turn.program.name}-{turn.dialect}")
def test_a_turn_names_address_and_model_and_writes_only_where_it_may(turn: Turn, tmp_path: Path) -> None:
    setting = Setting(url="http://h:1", model="a-model", home=tmp_path / "h", work=tmp_path / "w", secret=SECRET)
    made = turn.command(setting)
    everything = repr((made.arguments, made.env, made.files))
    assert "http://h:1" in everything
    assert "a-model" in everything
    assert SECRET not in repr((made.arguments, made.stdin))
    assert all(path.is_relative_to(tmp_path) for path in made.files)
    assert KEY in everything or turn.dialect == "ollama"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"names": ["codex"]},
            ["codex-responses-gpt-5.5", "codex-responses-claude-opus-4.6", "codex-responses-gpt-4o"],
        ),
        ({"names": ["codex"], "quick": True}, ["codex-responses-gpt-5.5"]),
        ({"names": ["codex", "llm"], "dialects": ["ollama"], "quick": True}, ["llm-ollama-gemini-3.1-pro-preview"]),
        ({"names": ["llm"], "dialects": ["chat"], "models": ["a", "b"]}, ["llm-chat-a", "llm-chat-b"]),
    ],
)
def test_the_command_line_chooses_turns(given: dict[str, object], expected: list[str]) -> None:
    found = chosen(TURNS, options(**given))
    assert [f"{turn.program.name}-{turn.dialect}-{model}" for turn, model in found] == expected


# --- what went over the wire -------------------------------------------------------------------------------------


def test_requests_are_told_from_bodies_and_paired_with_their_answers() -> None:
    sent = (
        b'POST /v1/messages?beta=true HTTP/1.1\r\nhost: h\r\ncontent-length: 30\r\n\r\n{"a": "GET /no HTTP/1.1\\r\\n"}'
        b"GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n"
    )
    got = b"HTTP/1.1 200 OK\r\n\r\n{'HTTP/1.1 500 no\\r\\n'}HTTP/1.1 404 Not Found\r\n\r\n"
    assert requests_in(sent, got) == [
        Asked("POST", "/v1/messages?beta=true", 200),
        Asked("GET", "/v1/models", 404),
    ]
    assert requests_in(b"GET / HTTP/1.1\r\n", b"") == [Asked("GET", "/", None)]


async def test_a_tap_passes_all_on_and_keeps_it(proxy: Proxy) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    async with tapped(host, int(port)) as tap, aiohttp.ClientSession() as http:
        async with http.get(f"{tap.url}/health") as answer:
            assert await answer.text() == "OK"
        async with http.head(f"{tap.url}/nowhere") as answer:
            assert answer.status == 404
        assert [str(one) for one in tap.asked()] == ["GET /health 200", "HEAD /nowhere 404"]
        assert b"===== SENT\nGET /health" in tap.transcript()


async def test_only_a_request_that_copilot_answered_well_has_carried_the_secret() -> None:
    def request(body: bytes, status: int) -> Recorded:
        return Recorded("POST", "/responses", [], body, status=status)

    assert carries(request(b'{"input":"\\u0073eat-0123456789ab"}', 200), SECRET)
    assert not carries(request(f'{{"input":"{SECRET}"}}'.encode(), 400), SECRET)
    assert not carries(request(b'{"input":"hello"}', 200), SECRET)


# --- judging -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (seen(), "passed"),
        (seen(ended=Ended(None, "thinking", "")), "no end in time; thinking"),
        (seen(ended=Ended(1, SECRET, "boom")), f"exit code 1: {SECRET} boom"),
        (seen(ended=Ended(0, "hello", ""), reached=(), carried=()), "nothing reached Copilot: hello"),
        (
            seen(carried=(), edited=True, reached=("/responses",)),
            f"the tool's result never came back: The tool said: {SECRET}",
        ),
        (seen(carried=(), edited=True, reached=("/responses",) * 2), "passed"),
        (seen(carried=()), f"the tool's result never came back: The tool said: {SECRET}"),
        (seen(ended=Ended(0, "hello", SECRET)), f"the answer is not shown: hello {SECRET}"),
        (seen(ended=Ended(0, "", ""), edited=True), "passed"),
        (seen(edited=False), f"the file is not edited: The tool said: {SECRET}"),
        (
            seen(asked=(Asked("POST", "/v1/messages", 200), Asked("POST", "/v1/messages/count_tokens", 404))),
            "it did its work, but was refused: POST /v1/messages/count_tokens 404",
        ),
    ],
)
def test_a_verdict_says_the_first_thing_that_is_wrong(what: Seen, expected: str) -> None:
    assert verdict(what) == expected


def test_a_probe_and_a_web_socket_may_be_refused_and_nothing_else() -> None:
    fine = [
        Asked("HEAD", "/", 404),
        Asked("GET", "/v1/responses", 426),
        Asked("GET", "/", 200),
        Asked("GET", "/", None),
    ]
    assert refused(fine) == []
    wrong = [Asked("GET", "/", 404), Asked("POST", "/v1/responses", 426), Asked("HEAD", "/", 500)]
    assert refused(wrong) == wrong


def test_colours_and_links_of_a_terminal_are_not_read() -> None:
    assert plain("\x1b[1;31mred\x1b[0m \x1b]8;;http://h\x1b\\link\x1b]8;;\x07") == "red link"


def test_only_the_end_of_many_words_is_told() -> None:
    told = last_words(Ended(1, "a\n" * 1000, "the end"))
    assert told.startswith("…")
    assert told.endswith("a a the end")
    assert len(told) == 301


# --- children ----------------------------------------------------------------------------------------------------


async def test_a_program_is_given_its_input_and_heard(tmp_path: Path) -> None:
    code = "import sys; print(input()); print('oh', file=sys.stderr); sys.exit(3)"
    ended = await run([sys.executable, "-c", code], env={}, cwd=tmp_path, stdin="hello\n", seconds=50)
    assert ended == Ended(3, "hello\n", "oh\n")


async def test_a_program_whose_time_is_up_is_ended_with_its_children(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-c', 'import time; time.sleep(50)'])"
    async with asyncio.timeout(40):
        ended = await run([sys.executable, "-c", child], env={}, cwd=tmp_path, seconds=0.5)
    assert ended.code is None


async def test_a_program_that_ends_leaves_no_child_behind(tmp_path: Path) -> None:
    child = f"import subprocess; print(subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(50)']).pid)"
    async with asyncio.timeout(40):
        ended = await run([sys.executable, "-c", child], env={}, cwd=tmp_path, seconds=30)
    assert ended.code == 0


def test_a_program_sees_nothing_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    found = environment(tmp_path)
    assert "OPENAI_API_KEY" not in found
    assert found["HOME"] == str(tmp_path)
    assert all(Path(value).is_dir() for name, value in found.items() if name.startswith("XDG"))


# --- installing --------------------------------------------------------------------------------------------------


async def test_what_is_complete_is_not_installed_again(tmp_path: Path) -> None:
    program = PROGRAMS["codex"]
    directory = tmp_path / f"codex-{program.version}"
    command = directory / "node_modules" / ".bin" / "codex"
    command.parent.mkdir(parents=True)
    command.touch()
    (directory / COMPLETE).write_text("\n".join(program.packages))
    assert await installed(program, tmp_path) == command


async def test_a_program_without_its_command_is_not_installed(tmp_path: Path) -> None:
    program = PROGRAMS["llm"]
    directory = tmp_path / f"llm-{program.version}"
    directory.mkdir()
    (directory / COMPLETE).write_text("\n".join(program.packages))
    with pytest.raises(NotInstalledError, match="llm is not among the commands"):
        await installed(program, tmp_path)


# --- the report --------------------------------------------------------------------------------------------------


def test_the_table_is_aligned() -> None:
    head, body = as_text([line()]).splitlines()
    assert head.split("  ")[0] == "program"
    assert head.index("result") == body.index("passed")
    assert body.endswith("2026-11-23")


def test_a_page_shows_no_place_on_a_machine_and_no_address() -> None:
    told = as_markdown([line("exit code 1: /tmp/x/y.js | see https://h.example/a `b`")]).splitlines()
    assert told[2] == (
        "| A program | 1.0 | chat | gpt-4o | /responses | tool `read` | exit code 1: … \\| see … 'b' | 2026-11-23 |"
    )


def test_the_page_has_markers_for_the_results_and_keeps_the_rest() -> None:
    text = PAGE.read_text()
    new = rewritten(text, "new results")
    assert new.partition(BEGIN)[0] == text.partition(BEGIN)[0]
    assert new.partition(END)[2] == text.partition(END)[2]
    assert f"{BEGIN}\n\nnew results\n\n{END}" in new
    with pytest.raises(ValueError, match="markers"):
        rewritten("no page", "new results")


def test_the_page_has_a_row_for_every_program_and_dialect() -> None:
    table = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = {tuple(cell.strip() for cell in row.split("|")[1:4]) for row in table.splitlines() if row.startswith("| ")}
    assert rows - {HEAD[:3], ("---",) * 3} == {
        (turn.program.title, turn.program.version, turn.dialect) for turn in TURNS
    }


def test_the_page_says_how_each_program_is_pointed_here() -> None:
    titles = set(re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE))
    assert {turn.program.title for turn in TURNS} <= titles
