import msgspec
import pytest
from ollama import EmbedResponse

from passenger.chat.events import Usage
from passenger.dialects.embeddings import EmbeddingsRequest, write_requests
from passenger.dialects.ollama.embeddings import EMBED as OLLAMA
from passenger.dialects.ollama.embeddings import EMBEDDINGS as OLLAMA_OLD
from tests.dialects.embedding_requests import MODEL, asked, raws, refused


def of(value: object, **more: object) -> EmbeddingsRequest:
    return asked(OLLAMA, {"model": MODEL, "input": value, **more})


@pytest.mark.parametrize(("value", "inputs"), [("a", ("a",)), (["a"], ("a",)), (["a", "b"], ("a", "b"))])
def test_a_text_or_many_are_texts(value: object, inputs: tuple[str, ...]) -> None:
    assert of(value).inputs == inputs


@pytest.mark.parametrize("value", ["", [], None])
def test_no_text_is_no_request_and_no_vector(value: object) -> None:
    ask = of(value)
    assert (ask.inputs, write_requests(ask, MODEL)) == ((), [])
    assert EmbedResponse.model_validate_json(OLLAMA.write(ask, [], Usage())).embeddings == []


@pytest.mark.parametrize(
    ("value", "field"), [(7, "input"), ({}, "input"), ([1], "input[0]"), (["a", ""], "input[1]"), ([["a"]], "input[0]")]
)
def test_what_is_no_text_is_refused_by_its_place(value: object, field: str) -> None:
    assert refused(OLLAMA, {"model": MODEL, "input": value}) == field


def test_a_model_is_meant_with_and_without_its_tag() -> None:
    assert asked(OLLAMA, {"model": f"{MODEL}:latest", "input": "a"}).model == MODEL
    assert refused(OLLAMA, {"model": ":latest", "input": "a"}) == "model"


def test_what_tunes_a_machine_of_ones_own_is_named() -> None:
    ask = of("a", dimensions=64, truncate=True, keep_alive="5m", options={"num_ctx": 2048, "seed": None})
    assert (ask.dimensions, ask.dropped) == (64, ("truncate", "options.num_ctx", "keep_alive"))
    assert of("a", truncate=False, keep_alive=None, options=None).dropped == ()
    assert refused(OLLAMA, {"model": MODEL, "input": "a", "truncate": "yes"}) == "truncate"
    assert refused(OLLAMA, {"model": MODEL, "input": "a", "options": []}) == "options"


def test_the_answer_is_complete() -> None:
    body = OLLAMA.write(EmbeddingsRequest(MODEL, ("a", "b")), raws("[1.5]", "[2]"), Usage(input=7), 1234)
    answer = EmbedResponse.model_validate_json(body)
    assert [list(vector) for vector in answer.embeddings] == [[1.5], [2.0]]
    told = (answer.model, answer.total_duration, answer.load_duration, answer.prompt_eval_count)
    assert told == (MODEL, 1234, 0, 7)


# --- the older API -----------------------------------------------------------------------------------------------


def test_the_prompt_is_one_text() -> None:
    ask = asked(OLLAMA_OLD, {"model": f"{MODEL}:latest", "prompt": "a", "options": {"num_ctx": 1}, "keep_alive": 0})
    assert ask == EmbeddingsRequest(MODEL, ("a",), dropped=("options.num_ctx", "keep_alive"))


@pytest.mark.parametrize("prompt", ["", None])
def test_no_text_is_an_empty_vector(prompt: str | None) -> None:
    ask = asked(OLLAMA_OLD, {"model": MODEL, "prompt": prompt})
    assert (ask.inputs, OLLAMA_OLD.write(ask, [], Usage())) == ((), b'{"embedding":[]}')


def test_a_prompt_that_is_no_text_is_refused() -> None:
    assert refused(OLLAMA_OLD, {"model": MODEL, "prompt": ["a"]}) == "prompt"


def test_the_answer_is_the_vector_alone() -> None:
    body = OLLAMA_OLD.write(EmbeddingsRequest(MODEL, ("a",)), raws("[1.5,2]"), Usage(input=7))
    assert msgspec.json.decode(body) == {"embedding": [1.5, 2]}
