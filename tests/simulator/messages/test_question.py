import pytest

from passenger.simulator.messages.question import last_user_text, prefixes_of, prompt_tokens, question_of

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
THINKING = {"type": "thinking", "thinking": "1234", "signature": "x" * 1000}
MARK = {"type": "ephemeral"}


@pytest.mark.parametrize("body", [None, [], {}, {"messages": {}}, {"messages": ["x", {"role": "user"}]}])
def test_a_body_that_is_none_has_no_text(body: object) -> None:
    assert last_user_text(body) == ""


def test_the_last_text_is_that_of_the_last_message_with_one() -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": "no"}
    messages = [{"role": "user", "content": "yes"}, {"role": "user", "content": [result]}]
    assert last_user_text({"messages": messages}) == "yes"


def test_what_the_system_says_after_a_tool_s_result_hides_it_from_nobody() -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": "sunny"}
    said: list[dict[str, object]] = [{"role": "user", "content": "weather?"}, {"role": "user", "content": [result]}]
    system = {"role": "system", "content": "many tokens left"}
    assert question_of({"messages": said}).results == "sunny"
    assert question_of({"messages": [*said, system]}).results == "sunny"
    assert question_of({"messages": [*said, {"role": "user", "content": "and now?"}, system]}).results == ""
    assert question_of({"messages": [system]}).results == ""


def test_texts_thoughts_and_images_are_counted_but_no_seal() -> None:
    content = [{"type": "text", "text": "12345678"}, THINKING, IMAGE]
    result = [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "1234"}, IMAGE]}]
    body = {"system": "1234", "messages": [{"role": "user", "content": content}, {"role": "user", "content": result}]}
    assert prompt_tokens(body) == 1 + 3 + 2 + 1 + 85 + 3 + 1 + 85
    assert question_of(body).images == 2


def test_a_marker_costs_nothing_and_makes_prefixes() -> None:
    tool = {"name": "t", "input_schema": {"type": "object"}}
    plain = {"tools": [tool], "messages": [{"role": "user", "content": "x"}]}
    marked = plain | {"tools": [tool | {"cache_control": MARK}]}
    assert prompt_tokens(plain) == prompt_tokens(marked)
    assert prefixes_of(plain) == []
    assert [prefix.kept for prefix in prefixes_of(marked)] == ["5m", None]


def test_tools_that_the_vendor_defines_and_the_client_runs_can_be_called() -> None:
    kinds = ("bash_20250124", "text_editor_20250728", "memory_20250818", "tool_search_tool_regex_20251119")
    tools = [{"type": kind, "name": kind} for kind in kinds]
    asked = question_of({"messages": [{"role": "user", "content": "x"}], "tools": tools})
    assert set(asked.tools) == set(kinds[:3])
