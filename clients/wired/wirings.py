"""Each client that Passenger wires up by itself: its program, and how it is asked one thing without a person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clients.programs import aider, claude_code, codex, continue_cli, copilot, gemini_cli, llm, opencode, qwen_code
from clients.turn import CLAUDE, COMPLETIONS_ONLY, GEMINI, RESPONSES_ONLY, Program

PI = Program(name="pi", title="pi", registry="npm", packages=("@earendil-works/pi-coding-agent@1.6.0",), command="pi")
DROID = Program(name="droid", title="Droid", registry="npm", packages=("droid@0.215.0",), command="droid")
CLINE = Program(name="cline", title="Cline CLI", registry="npm", packages=("cline@3.0.65",), command="cline")


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """A client by the name that `launch` and `setup` know, a model that it speaks natively, and what is asked.

    `asks` are the arguments after the program's name for a prompt. `seeds` are files of the user's that are there
    before, by their place in the home directory.
    """

    name: str
    program: Program
    model: str
    asks: Callable[[str], Sequence[str]]
    env: Mapping[str, str] = field(default_factory=dict)
    seeds: Mapping[str, str] = field(default_factory=dict)
    launches: bool = True
    reads: bool = True
    """Whether it has a tool of its own that reads a file."""
    printed: str = ""
    """Where its setup writes nothing: what of it is found in the lines that it prints, to be run in a shell."""
    typed: Sequence[str] = ()
    """What the user types after that for a prompt; the program's own name where it is empty."""
    quick: bool = False
    """Whether it is cheap enough to be installed in each run of CI."""


NO_COMMENTS = '{\n  "theme": "dark",\n  "env": {"EDITOR": "vi"}\n}\n'
COMMENTS = '{\r\n  // what the user likes\r\n  "theme": "system", /* for now */\r\n}\r\n'
OPENCODES = '"$schema": "https://opencode.ai/config.json",\r\n  "share": "disabled"'
"""It would put its schema into a file that names none."""

QWENS = '"$version": 4,\r\n  "general": {"vimMode": true}'
"""It brings a file that names no version, or an older one, up to date by itself."""

CONTINUES = """\
name: Mine
version: 1.0.0
schema: v1
models:
  - name: Other # of the user
    provider: ollama
    model: other
"""
DROIDS = """\
{
  "customModels": [
    {"displayName": "Other", "model": "other", "provider": "openai", "baseUrl": "http://127.0.0.1:9", "apiKey": "none"}
  ]
}
"""
LLMS = "# of the user\n- model_id: other\n  model_name: other\n  api_base: http://127.0.0.1:9\n"
TOML = '# of the user\nmodel = "gpt-5.5" # a favourite\n\n[tui]\nnotifications = true\n'

WIRINGS: Sequence[Wiring] = (
    Wiring(
        name="claude",
        program=claude_code.PROGRAM,
        model=CLAUDE,
        asks=lambda prompt: ["-p", prompt],
        seeds={".claude/settings.json": NO_COMMENTS},
    ),
    Wiring(
        name="codex",
        program=codex.PROGRAM,
        model=RESPONSES_ONLY,
        asks=lambda prompt: ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt],
        seeds={".codex/config.toml": TOML},
    ),
    Wiring(
        name="gemini",
        program=gemini_cli.PROGRAM,
        model=GEMINI,
        asks=lambda prompt: ["--skip-trust", "-p", prompt],
        seeds={".gemini/settings.json": COMMENTS.replace(", /*", " /*")},
    ),
    Wiring(
        name="opencode",
        program=opencode.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: ["run", prompt],
        env=opencode.QUIET,
        seeds={".config/opencode/opencode.jsonc": COMMENTS.replace('"theme": "system"', OPENCODES)},
    ),
    Wiring(
        name="qwen",
        program=qwen_code.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: ["-p", prompt],
        seeds={".qwen/settings.json": COMMENTS.replace('"theme": "system"', QWENS).replace(", /*", " /*")},
    ),
    Wiring(
        name="copilot",
        program=copilot.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: ["-s", "-p", prompt],
        env={"COPILOT_AUTO_UPDATE": "false"},
        printed=r"^copilot-passenger\(\) \{$.*?^\}$",
        typed=("copilot-passenger",),
    ),
    Wiring(
        name="pi",
        program=PI,
        model=CLAUDE,
        asks=lambda prompt: ["-p", prompt],
        env={"PI_OFFLINE": "1"},
        seeds={".pi/agent/models.json": '{\n  // of the user\n  "providers": {}\n}\n'},
        quick=True,
    ),
    Wiring(
        name="droid",
        program=DROID,
        model=CLAUDE,
        asks=lambda prompt: ["exec", prompt],
        seeds={".factory/settings.json": DROIDS},
    ),
    Wiring(
        name="cline",
        program=CLINE,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: [prompt],
        printed=r"^cline auth .*?$",
    ),
    Wiring(
        name="continue",
        program=continue_cli.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: ["-p", prompt],
        env={"CONTINUE_TELEMETRY_ENABLED": "0"},
        seeds={".continue/config.yaml": CONTINUES},
    ),
    Wiring(
        name="aider",
        program=aider.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: [*aider.QUIET, "--message", prompt],
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        seeds={".aider.conf.yml": "# of the user\ndark-mode: true  # it is night"},
        reads=False,
    ),
    Wiring(
        name="llm",
        program=llm.PROGRAM,
        model=COMPLETIONS_ONLY,
        asks=lambda prompt: [prompt],
        seeds={
            ".config/io.datasette.llm/extra-openai-models.yaml": LLMS,
            ".config/io.datasette.llm/keys.json": '{"// Note": "of the user", "openai": "none"}',
        },
        launches=False,
        quick=True,
    ),
)
"""In the order of the table."""
