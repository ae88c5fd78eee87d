import pytest
from ollama import EmbedResponse

from passenger.chat import Usage
from passenger.embeddings import EmbedAsk, ollama, upstream_bodies
from tests.embeddings.requests import MODEL, asked, raws, refused


def of(value: object, **more: object) -> EmbedAsk:
    return asked(ollama, {"model": MODEL, "input": value, **more})


@pytest.mark.parametrize(("value", "inputs"), [("a", ("a",)), (["a"], ("a",)), (["a", "b"], ("a", "b"))])
def test_a_text_or_many_are_texts(value: object, inputs: tuple[str, ...]) -> None:
    assert of(value).inputs == inputs


@pytest.mark.parametrize("value", ["", [], None])
def test_no_text_is_no_request_and_no_vector(value: object) -> None:
    ask = of(value)
    assert (ask.inputs, upstream_bodies(ask, MODEL)) == ((), [])
    assert EmbedResponse.model_validate_json(ollama.write(ask, [], Usage())).embeddings == []


@pytest.mark.parametrize(
    ("value", "field"), [(7, "input"), ({}, "input"), ([1], "input[0]"), (["a", ""], "input[1]"), ([["a"]], "input[0]")]
)
def test_what_is_no_text_is_refused_by_its_place(value: object, field: str) -> None:
    assert refused(ollama, {"model": MODEL, "input": value}) == field


def test_a_model_is_meant_with_and_without_its_tag() -> None:
    assert asked(ollama, {"model": f"{MODEL}:latest", "input": "a"}).model == MODEL
    assert refused(ollama, {"model": ":latest", "input": "a"}) == "model"


def test_what_tunes_a_machine_of_ones_own_is_named() -> None:
    ask = of("a", dimensions=64, truncate=True, keep_alive="5m", options={"num_ctx": 2048, "seed": None})
    assert (ask.dimensions, ask.dropped) == (64, ("truncate", "options.num_ctx", "keep_alive"))
    assert of("a", truncate=False, keep_alive=None, options=None).dropped == ()
    assert refused(ollama, {"model": MODEL, "input": "a", "truncate": "yes"}) == "truncate"
    assert refused(ollama, {"model": MODEL, "input": "a", "options": []}) == "options"


def test_the_answer_is_complete() -> None:
    body = ollama.write(EmbedAsk(MODEL, ("a", "b")), raws("[1.5]", "[2]"), Usage(input=7), nanoseconds=1234)
    answer = EmbedResponse.model_validate_json(body)
    assert [list(vector) for vector in answer.embeddings] == [[1.5], [2.0]]
    told = (answer.model, answer.total_duration, answer.load_duration, answer.prompt_eval_count)
    assert told == (MODEL, 1234, 0, 7)
