"""Claude Code: speaks Messages alone; its own `Read` reads the note."""

from collections.abc import Sequence
from functools import partial

from clients.refusals import refused_turns
from clients.turn import CLAUDE, NEWEST_CLAUDE, RESPONSES_ONLY, Command, Program, Setting, Turn, call

PROGRAM = Program(
    name="claude-code",
    title="Claude Code",
    registry="npm",
    packages=("@anthropic-ai/claude-code@2.1.330",),
    command="claude",
)


STREAM = ("--output-format", "stream-json", "--include-partial-messages", "--verbose")
"""As an editor or an SDK runs it: it then asks to be shown the thoughts as they come."""


def _command(setting: Setting, how: Sequence[str] = ()) -> Command:
    prompt = call("Read", file_path=str(setting.note))
    return Command(
        arguments=["-p", prompt, "--model", setting.model, "--allowedTools", "Read", *how],
        env={
            "ANTHROPIC_BASE_URL": setting.url,
            "ANTHROPIC_AUTH_TOKEN": setting.key,
            "ANTHROPIC_SMALL_FAST_MODEL": setting.model,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
        },
    )


SEARCHING = {"ENABLE_TOOL_SEARCH": "false"}
"""Tools as they are, so that the scripted model can call the search by its name."""


def _searches(setting: Setting) -> Command:
    """It searches the web and reads the note."""
    reads = _command(setting, ("--allowedTools", "WebSearch"))
    prompt = f'{call("Read", file_path=str(setting.note))} [[call WebSearch {{"query": "birds of Iceland"}}]]'
    arguments = [reads.arguments[0], prompt, *reads.arguments[2:]]
    return Command(arguments=arguments, env={**reads.env, **SEARCHING})


READS = Turn(program=PROGRAM, dialect="messages", told="tool `Read`", command=_command)
TURNS = (
    Turn(
        program=PROGRAM,
        dialect="messages",
        told="tools `Read` and `WebSearch`",
        command=_searches,
        sends=['"web_search_20250305"'],
        gets=['"web_search_tool_result"'],
    ),
    READS,
    Turn(
        program=PROGRAM,
        dialect="messages",
        told="tool `Read`, `stream-json` with partial messages",
        command=partial(_command, how=STREAM),
        only=(NEWEST_CLAUDE, CLAUDE, "claude-sonnet-4.5", "claude-sonnet-4", RESPONSES_ONLY),
    ),
    *refused_turns(READS, own="Not logged in"),
)
