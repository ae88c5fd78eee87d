"""The driver of the real programs: what it reads, judges and writes; nothing is installed and no program is run."""

import asyncio
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import aiohttp
import pytest
from clients.__main__ import PAGE, Options, chosen, with_lines
from clients.install import COMPLETE, NotInstalledError, installed
from clients.process import Ended, run
from clients.programs import TURNS
from clients.report import BEGIN, END, HEAD, Line, as_markdown, as_text, failures, merged, rewritten, rows_of
from clients.revision import UNKNOWN, revision
from clients.stage import carries, environment, played
from clients.suite import suite
from clients.tap import Asked, requests_in, said_in, tapped
from clients.turn import KEY, Command, Program, Setting, Turn, call
from clients.verdict import PASSED, Seen, last_words, passed, plain, refused, verdict
from websockets.frames import Frame, Opcode

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
    missing: tuple[str, ...] = (),
    looped: bool = False,
) -> Seen:
    return Seen(
        ended=ended or Ended(0, f"The tool said: {SECRET}", ""),
        secret=SECRET,
        asked=asked,
        reached=reached,
        carried=carried,
        edited=edited,
        missing=missing,
        looped=looped,
    )


def line(result: str = PASSED, **given: str) -> Line:
    told = {"program": "A program", "version": "1.0", "dialect": "chat", "model": "gpt-4o", "told": "tool `read`"}
    rest = {"reached": ("/responses", "/responses"), "day": date(2026, 11, 23), "commit": "0a1b2c3"}
    return Line(**{**told, **rest, "result": result, **given})  # type: ignore[arg-type]  # made of words


def row(turn: Turn, model: str, result: str) -> tuple[str, ...]:
    given = {"program": turn.program.title, "dialect": turn.dialect, "told": turn.told, "model": model}
    return line(result, **given).row


def options(**given: object) -> Options:
    settled: dict[str, object] = {"names": [], "dialects": [], "words": [], "models": [], "quick": False}
    settled |= {"write": False, "transcripts": None}
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
    setting = Setting(
        url="http://h:1", model="a-model", home=tmp_path / "h", work=tmp_path / "w", secret=SECRET, packages=tmp_path
    )
    made = turn.command(setting)
    everything = repr((made.arguments, made.then, made.env, made.files))
    assert "http://h:1" in everything
    assert "a-model" in everything
    assert SECRET not in repr((made.arguments, made.then, made.stdin))
    assert all(path.is_relative_to(tmp_path) for path in made.files)
    assert KEY in everything or turn.dialect == "ollama"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"names": ["llm"], "dialects": ["responses"]},
            ["llm-responses-gpt-5.5", "llm-responses-claude-opus-4.6", "llm-responses-gpt-4o"],
        ),
        ({"names": ["llm"], "dialects": ["responses"], "quick": True}, ["llm-responses-gpt-5.5"]),
        (
            {"names": ["gemini-cli", "llm"], "dialects": ["ollama"], "quick": True},
            ["llm-ollama-gemini-3.1-pro-preview"],
        ),
        ({"names": ["llm"], "dialects": ["chat"], "models": ["a", "b"]}, ["llm-chat-a", "llm-chat-b"]),
        ({"names": ["copilot"], "words": ["patch"], "dialects": ["chat"]}, ["copilot-chat-gpt-5.5"]),
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


@pytest.mark.parametrize("length", [1, 125, 126, 70_000])
def test_what_is_said_over_a_websocket_is_unmasked(length: int) -> None:
    head = b"GET /v1/responses HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
    said = b"x" * (length - 1) + b"y"
    frames = [Frame(Opcode.TEXT, said), Frame(Opcode.PING, b""), Frame(Opcode.TEXT, b"z")]
    sent = head + b"".join(frame.serialize(mask=True) for frame in frames)
    assert said_in(sent) == said + b"z"
    assert said_in(sent[:-1]) == said
    assert said_in(sent.replace(b"Upgrade", b"X")) == b""


async def test_a_tap_passes_all_on_and_keeps_it(proxy: Proxy) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    async with tapped(host, int(port)) as tap, aiohttp.ClientSession() as http:
        async with http.get(f"{tap.url}/health") as answer:
            assert await answer.text() == "OK"
        async with http.head(f"{tap.url}/nowhere") as answer:
            assert answer.status == 404
        assert [str(one) for one in tap.asked()] == ["GET /health 200", "HEAD /nowhere 404"]
        assert b"===== SENT\nGET /health" in tap.transcript()


async def test_a_tap_says_when_it_has_seen_so_many_requests(proxy: Proxy) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    async with tapped(host, int(port), most=2) as tap, aiohttp.ClientSession() as http:
        for so_far in (False, True):
            async with http.get(f"{tap.url}/health") as answer:
                assert await answer.text() == "OK"
            assert tap.full.is_set() is so_far
        assert tap.sent("GET /health HTTP/1.1")
        assert tap.got("HTTP/1.1 200 OK")
        assert not tap.sent("HTTP/1.1 200 OK")
        assert not tap.got("GET /health HTTP/1.1")


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
        (
            seen(ended=Ended(None, "again", ""), asked=(Asked("POST", "/v1/responses", 200),) * 2, looped=True),
            "ended after 2 requests; again",
        ),
        (
            seen(missing=("compaction_trigger", "thought")),
            "it did its work, but this did not go over the wire: compaction_trigger, thought",
        ),
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


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (Ended(0, "....\n61 passed in 3.21s\n", ""), "passed (61 tests)"),
        (
            Ended(0, "..ss\n2 passed, 2 skipped, 1 deselected, 9 warnings in 3.21s", ""),
            "passed (2 tests, 2 skipped, 1 deselected)",
        ),
        (
            Ended(
                1,
                "FAILED test_a.py::T::test_b[x] - E\nERROR a.py::T::test_c - E\n1 failed, 3 passed, 1 error in 2s",
                "",
            ),
            "3 passed, not these: test_b[x], test_c",
        ),
        (Ended(0, "4 skipped in 0.1s", ""), "0 passed, not these: 4 skipped in 0.1s"),
        (Ended(4, "", "no module"), "0 passed, not these: no module"),
        (Ended(None, "2 passed in 1s", ""), "no end after 0 requests; 2 passed in 1s"),
    ],
)
def test_a_suite_has_passed_where_all_that_was_not_left_out_has(ended: Ended, expected: str) -> None:
    assert suite(seen(ended=ended)) == expected


def test_a_suite_s_name_for_a_test_is_told_without_its_class() -> None:
    told = suite(seen(ended=Ended(1, "FAILED test_standard.py::TestStandard::test_a[m1] - x\n1 failed in 1s", "")))
    assert told == "0 passed, not these: test_a[m1]"


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


async def test_a_program_that_asks_without_end_is_ended(proxy: Proxy, tmp_path: Path) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    async with asyncio.timeout(40), tapped(host, int(port), most=5) as tap:
        asks = f"import urllib.request\nwhile True: urllib.request.urlopen({tap.url + '/health'!r}).read()"
        ended = await run([sys.executable, "-c", asks], env={}, cwd=tmp_path, seconds=30, enough=tap.full)
        assert ended.code is None
        assert tap.full.is_set()


async def test_further_runs_follow_in_the_same_home_until_one_fails(proxy: Proxy, tmp_path: Path) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    setting = Setting(url="http://h:1", model="m", home=tmp_path / "h", work=tmp_path, secret=SECRET, packages=tmp_path)
    code = "import sys; print(open('note.txt').read() + sys.argv[1]); sys.exit(sys.argv[1] == '2')"
    runs = [["-c", code, number] for number in ("1", "2", "3")]
    async with tapped(host, int(port)) as tap:
        what = Command(arguments=runs[0], then=runs[1:])
        ended = await played(what, Path(sys.executable), setting, tap, 30)
        assert (ended.code, ended.stdout) == (1, f"{SECRET}\n2\n")


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
    assert body.endswith("2026-11-23  0a1b2c3")


def test_a_page_shows_no_place_on_a_machine_and_no_address() -> None:
    told = as_markdown([line("exit code 1: /tmp/x/y.js | see https://h.example/a `b`").row]).splitlines()
    assert told[2] == (
        "| A program | 1.0 | chat | gpt-4o | /responses | tool `read` | exit code 1: … \\| see … 'b' "
        "| 2026-11-23 | 0a1b2c3 |"
    )


def test_a_table_is_read_as_it_was_written() -> None:
    rows = [line().row, line("exit code 1: a | b", model="gpt-5.5").row]
    assert rows_of(rewritten(f"{BEGIN}{END}", as_markdown(rows))) == rows


def test_a_row_that_was_run_takes_the_place_of_its_like_and_the_others_stay() -> None:
    first, second = TURNS[0], TURNS[1]
    old = [row(first, "a", "old"), row(second, second.models[1], "old"), row(second, "another", "old")]
    new = [row(second, second.models[1], "new"), row(second, second.models[0], "new")]
    assert [(one[0], one[3], one[6]) for one in merged(old, new, TURNS)] == [
        (first.program.title, "a", "old"),
        (second.program.title, second.models[0], "new"),
        (second.program.title, second.models[1], "new"),
        (second.program.title, "another", "old"),
    ]


def test_a_row_of_what_is_driven_no_more_falls_out() -> None:
    assert merged([line(program="Long gone").row, row(TURNS[0], "a", "old")], [], TURNS) == [row(TURNS[0], "a", "old")]


def test_each_turn_has_a_row_of_its_own() -> None:
    ways = [(turn.program.title, turn.dialect, turn.told) for turn in TURNS]
    assert len(set(ways)) == len(ways)


def test_a_part_of_the_page_s_table_is_written_anew() -> None:
    page, turn = PAGE.read_text(), TURNS[0]
    given = {"program": turn.program.title, "dialect": turn.dialect, "told": turn.told, "model": turn.models[0]}
    before, after = rows_of(page), rows_of(with_lines(page, [line("exit code 9", **given)]))
    assert [one[6] for one in after if one not in before] == ["exit code 9"]
    assert [one for one in before if one not in after] == [one for one in before if _is(one, turn)]
    assert len(before) == len(after)


def _is(cells: tuple[str, ...], turn: Turn) -> bool:
    return (cells[0], cells[2], cells[3], cells[5]) == (turn.program.title, turn.dialect, turn.models[0], turn.told)


def test_what_has_failed_is_told_whole_and_last() -> None:
    why = "exit code 1: " + "no " * 90
    assert failures([line(), line("passed (61 tests)"), line(why)]) == [f"A program, chat, gpt-4o, tool `read`: {why}"]


def test_a_good_result_may_say_how_much_there_was_of_it() -> None:
    assert passed("passed")
    assert passed("passed (61 tests)")
    assert not passed("passed away")


def test_a_row_names_the_commit_that_it_is_about(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    assert revision(tmp_path) == UNKNOWN
    git("init")
    _write(tmp_path / "src" / "a.py", "1")
    git("add", ".")
    git("commit", "-m", "one")
    first = revision(tmp_path)
    assert re.fullmatch("[0-9a-f]{7,}", first)
    _write(tmp_path / "docs" / "clients.md", "results")
    assert revision(tmp_path) == first
    _write(tmp_path / "src" / "a.py", "2")
    assert revision(tmp_path) == f"{first}-dirty"
    git("commit", "-a", "-m", "two")
    second = revision(tmp_path)
    assert second != first
    _write(tmp_path / "src" / "new.py", "")
    assert revision(tmp_path) == f"{second}-dirty"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_page_has_markers_for_the_results_and_keeps_the_rest() -> None:
    text = PAGE.read_text()
    new = rewritten(text, "new results")
    assert new.partition(BEGIN)[0] == text.partition(BEGIN)[0]
    assert new.partition(END)[2] == text.partition(END)[2]
    assert f"{BEGIN}\n\nnew results\n\n{END}" in new
    with pytest.raises(ValueError, match="markers"):
        rewritten("no page", "new results")


def test_the_page_has_a_row_for_everything_that_is_driven() -> None:
    rows = {(*one[:3], one[5]) for one in rows_of(PAGE.read_text())}
    assert rows == {(turn.program.title, turn.program.version, turn.dialect, turn.told) for turn in TURNS}


def test_every_row_of_the_page_has_all_cells() -> None:
    for cells in rows_of(PAGE.read_text()):
        assert len(cells) == len(HEAD)
        assert all(cells)


def test_a_page_says_how_each_program_is_pointed_here() -> None:
    pages = (PAGE.parent / "clients").glob("*.md")
    titles = {title for page in pages for title in re.findall(r"^##? (.+)$", page.read_text(), re.MULTILINE)}
    assert {turn.program.title for turn in TURNS} <= titles
