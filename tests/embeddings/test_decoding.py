import pytest

from passenger.embeddings.decoding import MAX_DIMENSIONS, dimensions, flag, others, read_object, table, text, word
from passenger.errors import Failure, Kind


def test_a_lone_surrogate_becomes_the_replacement_character_wherever_it_is() -> None:
    body = rb'{"a\ud800": ["\udc00x", {"b": "\ud83d\ude00"}], "n": 12345678901234567890123}'
    assert read_object(body) == {"a\ufffd": ["\ufffdx", {"b": "\U0001f600"}], "n": 12345678901234567890123}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"\\ud800":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: str(body[:12]),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        read_object(body)
    assert caught.value.kind is Kind.INVALID


def test_null_is_the_same_as_absent() -> None:
    for fields in ({}, {"a": None}):
        assert (text(fields, "a"), flag(fields, "a"), table(fields, "a"), dimensions(fields, "a")) == (
            None,
            None,
            {},
            None,
        )
        assert others(fields, ()) == ()


@pytest.mark.parametrize("value", [1, 512, MAX_DIMENSIONS])
def test_any_number_of_dimensions_is_for_upstream_to_judge(value: int) -> None:
    assert dimensions({"a": value}, "a") == value


@pytest.mark.parametrize("value", [0, -1, MAX_DIMENSIONS + 1, 2**70, 512.0, "512", True, []])
def test_dimensions_that_no_model_can_have_are_refused(value: object) -> None:
    with pytest.raises(Failure) as caught:
        dimensions({"a": value}, "a", "outer.")
    assert caught.value.param == "outer.a"


def test_a_field_of_another_type_is_refused_by_its_name() -> None:
    for read in (word, text, flag, table):
        with pytest.raises(Failure) as caught:
            read({"a": 1}, "a")
        assert caught.value.param == "a"
    with pytest.raises(Failure):
        word({"a": ""}, "a")
