from typing import Any

import pytest

from passenger.simulator.answers import Answer, answer, split
from passenger.simulator.calls import Call
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.chat_question import last_user_text, question_of
from passenger.simulator.faults import directives
from passenger.simulator.question import tokens

TOOLS = [
    {"type": "function", "function": {"name": "first", "parameters": {"type": "object"}}},
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
]


def asked(text: str = "Hello", model_id: str = "gpt-4o", **more: Any) -> Answer:
    model = Catalogue().find(model_id)
    assert model is not None
    body = {"messages": [{"role": "user", "content": text}]} | more
    orders = list(directives(last_user_text(body)))
    return answer(question_of(body, model), b"raw", model, orders, seed=0, unicode=False)


def said(*args: Any, **more: Any) -> str:
    return asked(*args, **more).choices[0].text


def test_it_counts_what_it_was_given() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    content = [{"type": "text", "text": "Look"}, image, image]
    assert said(messages=[{"role": "user", "content": content}]).endswith('"Look" (1 message, 2 images).')


def test_a_long_question_is_quoted_in_part() -> None:
    assert "x" * 200 + "\u2026" in said("x" * 500)


def test_directives_are_not_quoted() -> None:
    assert 'You said: "Hi there"' in said("Hi [[drip 0]] there")


def test_ordered_calls_are_made_in_order_with_arguments_as_written() -> None:
    choice = asked('[[call weather { "city" : "Oslo" }]] [[call first]] [[call missing {}]]', tools=TOOLS).choices[0]
    assert choice.calls == (Call("weather", '{ "city" : "Oslo" }'), Call("first", "{}"))
    assert choice.finish == "tool_calls"


def test_claude_writes_nothing_for_a_call_without_arguments() -> None:
    assert asked("[[call first]]", "claude-sonnet-4", tools=TOOLS).choices[0].calls == (Call("first", ""),)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", [Call("first", "{}")]),
        ({"type": "function", "function": {"name": "weather"}}, [Call("weather", '{"city": "simulated city"}')]),
        ("auto", []),
        ("none", []),
    ],
)
def test_a_demanded_call_is_made_with_plausible_arguments(choice: object, expected: list[Call]) -> None:
    assert list(asked(tools=TOOLS, tool_choice=choice).choices[0].calls) == expected


def test_none_forbids_also_an_ordered_call_and_without_parallel_calls_there_is_one() -> None:
    order = "[[call first]] [[call weather {}]]"
    assert not asked(order, tools=TOOLS, tool_choice="none").choices[0].calls
    assert len(asked(order, tools=TOOLS, parallel_tool_calls=False).choices[0].calls) == 1


def test_after_tool_results_it_tells_them() -> None:
    messages = [
        {"role": "user", "content": "[[call first]]"},
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "content": "42"},
        {"role": "tool", "content": [{"type": "text", "text": "43"}]},
    ]
    assert said(messages=messages, tools=TOOLS, tool_choice="required") == "The tool said: 42 | 43"


@pytest.mark.parametrize("model_id", ["claude-sonnet-4.6", "gemini-3-pro-preview"])
def test_thinking_comes_when_it_is_asked_for(model_id: str) -> None:
    assert not asked("Hi", model_id).thinking
    for more in ({"reasoning_effort": "high"}, {"thinking_budget": 2000}, {"thinking": {"type": "adaptive"}}):
        assert asked("Hi", model_id, **more).thinking.startswith("**")
    assert asked("[[think]]", model_id).reasoning_tokens > 0
    assert not asked("Hi", model_id, reasoning_effort="none").thinking


def test_stop_and_limits_end_the_text() -> None:
    assert said(stop="You") == "Simulated gpt-4o here. "
    assert said(stop=["zzz", "here"]) == "Simulated gpt-4o "
    for limited in (asked(max_tokens=2), asked(max_completion_tokens=2)):
        assert (limited.choices[0].text, limited.choices[0].finish) == ("Simulate", "length")


ENDED = {
    "[[limit 5]]": ((), "Simul", "length"),
    '[[limit 7]] [[call weather {"city": "Oslo"}]]': (('{"city"',), "", "length"),
    '[[filter 16]] [[call weather {"city": "Oslo"}]] [[call first]]': (('{"city": "Oslo"}', ""), "", "filter"),
    '[[limit 17]] [[call weather {"city": "Oslo"}]] [[call first]]': (('{"city": "Oslo"}', "{"), "", "length"),
    '[[limit 99]] [[call weather {"city": "Oslo"}]]': (('{"city": "Oslo"}',), "", "tool_calls"),
}


@pytest.mark.parametrize("text", ENDED)
def test_an_answer_ends_where_it_is_ordered_also_in_the_middle_of_a_call(text: str) -> None:
    choice = asked(text, tools=TOOLS).choices[0]
    assert (tuple(call.arguments for call in choice.calls), choice.text, choice.finish) == ENDED[text]


def test_a_limit_cuts_calls_too() -> None:
    order = '[[call weather {"city": "Oslo"}]]'
    for model, text, arguments in (("gpt-4o", "", ['{"city":']), ("claude-sonnet-4", "Let me l", [])):
        choice = asked(order, model, tools=TOOLS, max_tokens=2).choices[0]
        assert (choice.text, [call.arguments for call in choice.calls]) == (text, arguments)
        assert choice.finish == "length"


def test_only_azure_gives_several_choices() -> None:
    assert [choice.text.rpartition("(")[2] for choice in asked(n=3).choices][1:] == ["choice 2)", "choice 3)"]
    assert len(asked("Hi", "claude-sonnet-4", n=3).choices) == 1


def test_an_answer_can_have_any_number_of_pieces_or_characters() -> None:
    assert len(asked("[[events 200]]").choices[0].pieces) == 200
    assert len(said("[[size 1000000]]")) == 1000000


def test_an_answer_can_be_given_word_for_word() -> None:
    assert said('Tell me. [[say {"setup": "a ]] b"}]]') == '{"setup": "a ]] b"}'
    assert said("[[say This and that.]]") == "This and that."


def test_a_schema_is_satisfied() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert said(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}) == '{"n": 1}'
    assert '"simulated": true' in said(response_format={"type": "json_object"})


@pytest.mark.parametrize("text", ["", " ", "one two  three\nfour ", "漢字" * 50, "x" * 10_000, "a b c d e f "])
def test_the_pieces_make_the_text(text: str) -> None:
    assert "".join(split(text)) == text


def test_four_characters_are_a_token() -> None:
    assert [tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]


GETTER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("text", "called"),
    [("What's the weather like in Oslo?", True), ("WEATHER!", True), ("Whether it rains?", False), ("Hello", False)],
)
def test_a_tool_that_gets_what_is_asked_for_is_called(text: str, called: bool) -> None:
    calls = asked(text, tools=[*TOOLS, GETTER]).choices[0].calls
    assert calls == ((Call("get_weather", "{}"),) if called else ())


def test_no_tool_is_called_by_itself_where_none_may_be() -> None:
    assert not asked("The weather?", tools=[GETTER], tool_choice="none").choices[0].calls
