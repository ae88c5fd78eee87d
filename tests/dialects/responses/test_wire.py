import msgspec
import pytest

from passenger.chat import Usage
from passenger.dialects.responses.wire import Bill, read_event, read_response, read_usage, refuse_untyped
from passenger.errors import Failure


def test_a_lone_surrogate_in_an_event_becomes_a_replacement_character() -> None:
    event = read_event(rb'{"type":"response.output_text.delta","delta":"a\ud83d"}')
    assert event is not None
    assert event.delta == "a\ufffd"


@pytest.mark.parametrize(
    "data", [b"", b"[DONE]", b'{"type":"new","delta":{"a":"\\ud800"}}', b'{"type":"new","item":1}']
)
def test_what_says_nothing_of_the_answer_is_none(data: bytes) -> None:
    assert read_event(data) is None


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"type":1}',
        b'{"delta":{"a":"\\ud800"}}',
        b'{"type":"response.output_text.delta","delta":"a","content_index":"0"}',
        b'{"type":"response.completed","response":"all"}',
        b"[" * 100_000,
    ],
)
def test_what_says_something_that_is_not_to_be_understood_is_a_failure(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        read_event(data)
    assert caught.value.code == "bad_event"


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize("data", [b'{"delta":"a"}', b'{"item":{}}', b'{"response":{}}', b'{"part":{}}', b'{"text":""}'])
def test_what_does_not_say_what_it_is_is_a_failure(data: bytes) -> None:
    event = read_event(data)
    assert event is not None
    with pytest.raises(Failure, match="no type"):
        refuse_untyped(event)


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
