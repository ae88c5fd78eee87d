from typing import Any

import httpx
import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Answer, Reason, Usage, unfold
from passenger.chat.prompt import Ask, Image, Message, Prompt, Reasoning, Text
from passenger.dialects import Inbound, Request
from passenger.dialects.framing import NDJSON
from passenger.errors import Failure, Kind
from tests.dialects.ollama.asking import (
    GENERATE,
    GENERATE_LOAD,
    PNG,
    STAMP,
    generate_prompt,
    generating,
    outcome,
    refused,
    torn,
)


def test_it_is_a_dialect_of_its_own() -> None:
    inbound: Inbound = GENERATE
    assert inbound.name == "ollama_generate"
    assert not inbound.fails_in_stream
    assert inbound.fields["messages"] == inbound.fields["document"] == "prompt"


def test_a_prompt_is_the_one_message_of_a_chat() -> None:
    assert generate_prompt().messages == (Message("user", (Text("hello"),)),)
    assert generate_prompt(system="be kind", images=[PNG]).messages == (
        Message("system", (Text("be kind"),)),
        Message("user", (Image("image/png", PNG), Text("hello"))),
    )
    assert generate_prompt(prompt="", images=[PNG]).messages == (Message("user", (Image("image/png", PNG),)),)


@pytest.mark.parametrize(
    ("field", "value"), [("suffix", "end"), ("template", "{{ .Prompt }}"), ("raw", True), ("context", [1, 2])]
)
def test_what_changes_the_meaning_is_refused_by_name(field: str, value: object) -> None:
    assert refused(generating(**{field: value}), GENERATE).param == field


def test_what_its_clients_send_without_meaning_it_is_harmless() -> None:
    read = generate_prompt(suffix="", system="", template="", raw=False, context=[], images=[], format=None)
    assert read == generate_prompt()


@pytest.mark.parametrize("fields", [{"prompt": ""}, {"prompt": None}, {"prompt": ["a"]}])
def test_a_prompt_must_say_something(fields: dict[str, Any]) -> None:
    assert refused(generating(**fields), GENERATE).param == "prompt"


def test_a_picture_that_is_none_is_refused_by_its_place() -> None:
    assert refused(generating(images=["?"]), GENERATE).param == "images[0]"


def answer(asked: httpx.Request) -> httpx.Response:
    prompt = GENERATE.read_prompt(Request(asked.read()))
    said = Answer("m", (Reasoning("hm"), Text("Look")), Reason.LENGTH, Usage(7, 3))
    if not prompt.stream:
        return httpx.Response(200, content=GENERATE.write_answer(prompt, said, STAMP))
    writer = GENERATE.writer(prompt, STAMP)
    lines = [GENERATE.framing(generating()).frame(line) for event in unfold(said) for line in writer.send(event)]
    return httpx.Response(200, content=b"".join(lines))


def test_ollamas_client_reads_it_whole_and_streamed() -> None:
    sdk = ollama.Client(transport=httpx.MockTransport(answer))
    whole = sdk.generate(model="m:latest", prompt="hello", system="be kind", options={"num_predict": 3})
    assert (whole.model, whole.response, whole.thinking, whole.done_reason) == ("m:latest", "Look", "hm", "length")
    chunks = list(sdk.generate(model="m", prompt="hello", stream=True))
    assert [(chunk.response, chunk.thinking, chunk.done) for chunk in chunks] == [
        ("", "hm", False),
        ("Look", None, False),
        ("", None, True),
    ]


def test_a_broken_stream_ends_with_an_error() -> None:
    assert NDJSON.frame(GENERATE.write_break(Failure(Kind.UPSTREAM, "it broke"))) == b'{"error":"it broke"}\n'


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("system", "images", "suffix", "template", "raw", "context", "format", "think", "options", "stream", "x")
BODIES = st.fixed_dictionaries(
    {"model": st.text() | JSON, "prompt": st.text() | JSON}, optional=dict.fromkeys(FIELDS, JSON)
)


@given(BODIES, st.booleans())
def test_any_json_is_read_or_refused_as_the_callers_fault(body: dict[str, Any], halves: bool) -> None:
    for reading in (GENERATE.peek, GENERATE.read_prompt, GENERATE_LOAD.is_load):
        found = outcome(reading, torn(body, halves))
        assert found is Kind.INVALID or isinstance(found, Ask | Prompt | bool)
        str(found).encode()
