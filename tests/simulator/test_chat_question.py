from typing import Any

import pytest

from passenger.simulator.catalogue import Catalogue
from passenger.simulator.chat_question import images_in, last_user_text, prompt_tokens, question_of
from passenger.simulator.question import Question

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
TOOL = {"type": "function", "function": {"name": "t", "parameters": {"type": "object"}}}


def question(model_id: str = "gpt-4o", **more: Any) -> Question:
    model = Catalogue().find(model_id)
    assert model is not None
    return question_of({"messages": [{"role": "user", "content": "Hi"}]} | more, model)


def test_tools_stops_and_limits_are_read() -> None:
    asked = question(tools=[TOOL], tool_choice="required", stop="x", max_completion_tokens=7)
    assert (asked.tools, asked.offered, asked.demanded) == ({"t": {"type": "object"}}, 1, "t")
    assert (asked.stops, asked.limit, asked.said) == (("x",), 7, "Hi")
    assert not question(tools=[TOOL], tool_choice="none").callable


def test_results_are_only_those_that_end_it() -> None:
    said = [{"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]
    assert question(messages=said).results == "1 | 2"
    assert question(messages=[*said, {"role": "user", "content": "x"}]).results == ""


@pytest.mark.parametrize("body", [None, [], {}, {"messages": {}}, {"messages": ["x"]}])
def test_a_body_that_is_none_has_no_text(body: object) -> None:
    assert last_user_text(body) == ""


def test_images_have_a_fixed_price() -> None:
    content = [{"type": "text", "text": "1234"}, IMAGE, IMAGE]
    assert images_in(content) == 2
    assert prompt_tokens({"messages": [{"role": "user", "content": content}]}) == 3 + 1 + 2 * 85
