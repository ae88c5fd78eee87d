"""LangChain's standard tests, which every package with a chat model must pass, on its packages for five dialects."""

from collections.abc import Mapping, Sequence
from functools import partial

from clients.suite import suite
from clients.turn import (
    CLAUDE,
    COMPLETIONS_ONLY,
    GEMINI,
    RESPONSES_ONLY,
    Command,
    Dialect,
    Program,
    Setting,
    Turn,
    script,
)

PROGRAM = Program(
    name="langchain",
    title="LangChain",
    registry="pip",
    packages=(
        "langchain-tests==1.1.9",
        "langchain-openai==1.7.4",
        "langchain-anthropic==1.7.10",
        "langchain-google-genai==4.4.2",
        "langchain-ollama==1.1.0",
    ),
    command="python",
)
CUES = {
    "magic_function(3)": '[[call magic_function {"input": 3}]]',
    "magic_function_no_args()": "[[call magic_function_no_args {}]]",
    "generate a Pirate greeting": '[[call greeting_generator {"answer_style": "pirate"}]]',
    "weather in San Francisco": '[[call get_weather {"location": "San Francisco, CA"}]]',
    "你好啊集团": '[[call unicode_customer {"customer_name": "你好啊集团", "description": "technology"}]]',
    "こんにちは株式会社": '[[call unicode_customer {"customer_name": "こんにちは株式会社", "description": "firm"}]]',
    "Return the result as a JSON with 'setup'": '[[say {"setup": "Why do cats purr?", "punchline": "They idle."}]]',
}
"""What the tests ask, and what they want of a model that can do what it is asked."""

MODELS: Mapping[Dialect, Sequence[str]] = {
    "chat": (COMPLETIONS_ONLY, CLAUDE),
    "responses": (RESPONSES_ONLY, CLAUDE),
    "messages": (CLAUDE, RESPONSES_ONLY),
    "gemini": (GEMINI, CLAUDE),
    "ollama": (COMPLETIONS_ONLY, CLAUDE),
}


OPTIONS = (
    "-q",
    "-rfE",
    "--tb=short",
    "-p",
    "no:cacheprovider",
    "--asyncio-mode=auto",
    # Their packages keep a connection for all models, and so past the end of one test's event loop.
    "-o",
    "asyncio_default_test_loop_scope=session",
)


ONE_BLOCK = "TestStandard::test_tool_calling[model1]"
"""Where a word stands before a call in Chat Completions, LangChain gives both the same index and joins them."""


def _command(setting: Setting, dialect: Dialect) -> Command:
    tests = setting.work / "test_standard.py"
    talks = dialect == "chat" and setting.model.startswith("claude")
    left_out = [f"--deselect={tests.name}::{ONE_BLOCK}"] if talks else []
    return Command(
        arguments=["-m", "pytest", *OPTIONS, *left_out, str(tests)],
        env={"URL": setting.url, "KEY": setting.key, "DIALECT": dialect, "MODEL": setting.model},
        files={tests: script("langchain_standard.py")},
    )


TURNS = tuple(
    Turn(
        program=PROGRAM,
        dialect=dialect,
        told="LangChain's standard tests",
        command=partial(_command, dialect=dialect),
        cues=CUES,
        only=models,
        most=1000,
        judge=suite,
    )
    for dialect, models in MODELS.items()
)
