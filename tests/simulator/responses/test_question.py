from passenger.simulator.responses.question import prefixes_of, prompt_tokens, question_of, schemas_of

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
TEXT = {"type": "input_text", "text": "1234"}


def test_instructions_items_and_images_are_counted_but_no_seal() -> None:
    thought = {"type": "reasoning", "summary": [], "encrypted_content": "x" * 1000, "id": "x" * 400}
    body = {"instructions": "1234", "input": [{"role": "user", "content": [TEXT, IMAGE]}, thought]}
    assert prompt_tokens(body) == 1 + 3 + 1 + 85 + 9
    assert [prefix.tokens for prefix in prefixes_of(body)] == [0, 1, 90, 99]


def test_a_tool_that_takes_free_text_has_no_schema() -> None:
    tools = [{"type": "custom", "name": "c"}, {"type": "function", "name": "f"}, {"type": "web_search"}]
    body = {"input": "x", "tools": tools}
    assert schemas_of(body) == {"c": None, "f": {"type": "object"}}
    assert question_of(body).searches


def test_thinking_is_asked_for_with_an_effort_or_a_summary() -> None:
    for reasoning, thinks in ((None, False), ({"effort": "none"}, False), ({"effort": "low"}, True)):
        assert question_of({"input": "x", "reasoning": reasoning}).thinks == thinks
    assert question_of({"input": "x", "reasoning": {"summary": "auto"}}).thinks
