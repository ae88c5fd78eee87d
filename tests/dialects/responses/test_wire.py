import msgspec
import pytest

from passenger.chat import Usage
from passenger.dialects.responses.wire import Bill, read_event, read_response, read_usage


def test_a_lone_surrogate_in_an_event_becomes_a_replacement_character() -> None:
    event = read_event(rb'{"type":"response.output_text.delta","delta":"a\ud83d"}')
    assert event is not None
    assert event.delta == "a\ufffd"


@pytest.mark.parametrize("data", [b"", b"[DONE]", b"[]", b"{", b'{"type":1}', b"\xff", b'{"delta":{"a":"\\ud800"}}'])
def test_what_is_no_event_is_none(data: bytes) -> None:
    assert read_event(data) is None


def test_a_whole_answer_is_read_whatever_its_text() -> None:
    item = rb'{"type":"message","content":[{"type":"output_text","text":"\ud83d"}]}'
    response = read_response(rb'{"model":"m","output":[%b]}' % item)
    assert response.output is not None
    assert response.output[0].content is not None
    assert response.output[0].content[0].text == "\ufffd"


def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_response(b'{"output":1}')
    with pytest.raises(ValueError, match="Expecting"):
        read_response(b"<html>")


def test_usage_has_its_details_where_they_are_said() -> None:
    usage = b'{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":3}'
    response = read_response(b'{"usage":%b,"output":[]}' % usage)
    assert read_usage(response, None) == Usage(9, 3, cached=4, written=2)
    assert read_usage(response, Bill(7)) == Usage(9, 3, cached=4, written=2, nano_credits=7)
    assert read_usage(None, Bill(7)) == Usage(nano_credits=7)
    assert read_usage(None, None) is None
