import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects.responses.decoding import loads, read_object, scrubbed
from passenger.errors import Failure


@given(st.text(st.characters(), max_size=20))
def test_what_is_scrubbed_can_be_encoded(text: str) -> None:
    assert scrubbed([{text: text}])[0][scrubbed(text)].encode().decode() == scrubbed(text)


def test_a_lone_surrogate_is_replaced_and_a_pair_is_not() -> None:
    assert loads(rb'["\ud800", "\ud83d\ude00", {"\udfff": 1}]') == ["\ufffd", "😀", {"\ufffd": 1}]


@pytest.mark.parametrize("body", [b"", b"nul", b"[1,]", b"NaN", b"[Infinity]", b"1e999", b"\xff", b'"\xed\xa0\x80"'])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the decoders have their own words
        loads(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"', b"{", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Failure):
        read_object(body)
