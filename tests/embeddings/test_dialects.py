"""What holds for every dialect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import JSON, Usage
from passenger.dialects import Request
from passenger.embeddings import Dialect, EmbedAsk, gemini, gemini_batch, ollama, ollama_old, openai, upstream_bodies
from passenger.errors import Failure, Kind
from tests.embeddings.requests import MODEL, anything, asked, decode, raws, refused, texts

MINIMAL: dict[str, tuple[Dialect, JSON]] = {
    "openai": (openai, {"model": MODEL, "input": "hello"}),
    "gemini": (gemini, {"content": {"parts": [{"text": "hello"}]}}),
    "gemini_batch": (gemini_batch, {"requests": [{"content": {"parts": [{"text": "hello"}]}}]}),
    "ollama": (ollama, {"model": MODEL, "input": "hello"}),
    "ollama_old": (ollama_old, {"model": MODEL, "prompt": "hello"}),
}
every_dialect = pytest.mark.parametrize(("dialect", "body"), MINIMAL.values(), ids=MINIMAL)


@every_dialect
def test_one_text_is_asked_for_in_each_dialect_alike(dialect: Dialect, body: JSON) -> None:
    assert asked(dialect, body) == EmbedAsk(MODEL, ("hello",))


@every_dialect
def test_fields_that_are_not_known_are_named(dialect: Dialect, body: JSON) -> None:
    assert asked(dialect, {**body, "of_tomorrow": 1, "nothing": None}).dropped == ("of_tomorrow",)


@every_dialect
@given(whatever=anything, field=st.sampled_from(["input", "model", "content", "requests", "options", "prompt"]))
def test_whatever_json_comes_is_read_or_refused(dialect: Dialect, body: JSON, whatever: object, field: str) -> None:
    for given_body in (whatever, {**body, field: whatever}):
        kind, ask = None, None
        try:
            ask = asked(dialect, given_body)
        except Failure as failure:
            kind = failure.kind
        assert kind is Kind.INVALID or (ask is not None and _is_sound(ask))


def _is_sound(ask: EmbedAsk) -> bool:
    texts = [text for body in upstream_bodies(ask, ask.model) for text in body["input"]]
    return bool(ask.model) and all(texts) and tuple(texts) == ask.inputs


@every_dialect
@given(raw=st.binary(max_size=40))
def test_whatever_bytes_come_are_refused(dialect: Dialect, body: JSON, raw: bytes) -> None:
    with pytest.raises(Failure) as caught:
        dialect.read(Request(raw, {"model": MODEL}), decode)
    assert (caught.value.kind, bool(body)) == (Kind.INVALID, True)


@every_dialect
def test_a_missing_model_is_refused(dialect: Dialect, body: JSON) -> None:
    assert refused(dialect, {**body, "model": ""}, model="") == "model"


@every_dialect
def test_an_answer_that_has_too_many_or_too_few_vectors_is_refused(dialect: Dialect, body: JSON) -> None:
    ask = asked(dialect, body)
    for vectors in (raws(), raws("[1]", "[2]")):
        with pytest.raises(Failure) as caught:
            dialect.write(ask, vectors, Usage())
        assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")


@every_dialect
def test_the_digits_of_a_number_are_those_that_came(dialect: Dialect, body: JSON) -> None:
    vector = "[-0.0123456789012345678901,1.50e-3,0]"
    assert vector.encode() in dialect.write(asked(dialect, body), raws(vector), Usage())


@given(said=texts)
def test_every_text_goes_up_as_it_was_said(said: str) -> None:
    part = {"content": {"parts": [{"text": said}]}}
    for ask in (
        asked(openai, {"model": MODEL, "input": said}),
        asked(gemini, part),
        asked(gemini_batch, {"requests": [part]}),
        asked(ollama, {"model": MODEL, "input": [said]}),
        asked(ollama_old, {"model": MODEL, "prompt": said}),
    ):
        assert ask.inputs == (said,)
