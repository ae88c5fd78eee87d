"""The wrappers are as the real programs were seen to write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.simulator.typed import WRAPPERS, typed, without_wrappers

SENT = {
    "Claude Code": "<system-reminder>\n# Environment\n - Shell: bash\n</system-reminder>\n"
    "<system-reminder>\nToday's date is 2026-11-30.\n</system-reminder>\n\nSay hello",
    "Claude Code after a command": "<local-command-caveat>Caveat: no answer</local-command-caveat>\n"
    "<command-name>/model</command-name>\n<local-command-stdout>Set</local-command-stdout>\nSay hello",
    "Codex": "<environment_context>\n  <cwd>/work</cwd>\n  <shell>bash</shell>\n</environment_context>\nSay hello",
    "Codex with AGENTS.md": "# AGENTS.md instructions for /work\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>\n"
    "Say hello",
    "Gemini CLI": "<session_context>\nThis is the Gemini CLI.\n</session_context>\nSay hello",
    "Qwen Code": "<system-reminder>\n<skills>\n<skill>x</skill>\n</skills>\n</system-reminder>\nSay hello",
    "Copilot CLI": "<current_datetime>2026-11-30T06:35:45.067+00:00</current_datetime>\n\nSay hello",
}


@pytest.mark.parametrize("text", SENT.values(), ids=SENT)
def test_the_words_are_left_when_what_a_program_adds_is_taken_away(text: str) -> None:
    assert typed([text]) == "Say hello"


def test_words_are_looked_for_further_back_where_a_message_has_none() -> None:
    assert typed(["<system-reminder>Mind the lint.</system-reminder>", "Say hello", "Earlier"]) == "Say hello"


@pytest.mark.parametrize(
    ("texts", "said"), [([], ""), (["<hook_context>x</hook_context>"], "<hook_context>x</hook_context>")]
)
def test_where_nothing_was_typed_the_newest_text_is_taken_whole(texts: list[str], said: str) -> None:
    assert typed(texts) == said


@given(st.text())
def test_a_text_without_wrappers_is_left_as_it_is(text: str) -> None:
    assert without_wrappers(text) == text


@given(st.sampled_from(WRAPPERS), st.text(alphabet="abc <>/", max_size=20), st.text(alphabet="xyz ", max_size=20))
def test_nothing_of_a_wrapper_is_left(name: str, inside: str, words: str) -> None:
    assert without_wrappers(f"<{name}>{inside}</{name}>{words}") == words.strip()


def test_blocks_that_never_end_are_no_blocks() -> None:
    assert without_wrappers("<system-reminder> Say hello") == "<system-reminder> Say hello"
