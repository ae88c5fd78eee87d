import msgspec
import pytest

from passenger.chat import Usage
from passenger.embeddings import EmbedAsk, ollama_old
from tests.embeddings.requests import MODEL, asked, raws, refused


def test_the_prompt_is_one_text() -> None:
    ask = asked(ollama_old, {"model": f"{MODEL}:latest", "prompt": "a", "options": {"num_ctx": 1}, "keep_alive": 0})
    assert ask == EmbedAsk(MODEL, ("a",), dropped=("options.num_ctx", "keep_alive"))


@pytest.mark.parametrize("prompt", ["", None])
def test_no_text_is_an_empty_vector(prompt: str | None) -> None:
    ask = asked(ollama_old, {"model": MODEL, "prompt": prompt})
    assert (ask.inputs, ollama_old.write(ask, [], Usage())) == ((), b'{"embedding":[]}')


def test_a_prompt_that_is_no_text_is_refused() -> None:
    assert refused(ollama_old, {"model": MODEL, "prompt": ["a"]}) == "prompt"


def test_the_answer_is_the_vector_alone() -> None:
    body = ollama_old.write(EmbedAsk(MODEL, ("a",)), raws("[1.5,2]"), Usage(input=7))
    assert msgspec.json.decode(body) == {"embedding": [1.5, 2]}
