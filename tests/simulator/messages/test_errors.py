from passenger.simulator.messages.errors import VendorRefusal, error_event


def test_the_vendors_envelope_is_json_without_a_newline() -> None:
    reply = VendorRefusal("a > b", code="c").reply((("x-request-id", "1"),))
    assert dict(reply.headers)["content-type"] == "application/json"
    assert reply.body.startswith(
        b'{"error":{"code":"c","message":"a \\u003e b","type":"invalid_request_error"},"request_id":"req_01'
    )
    assert reply.body.endswith(b'","type":"error"}')


def test_the_event_that_breaks_a_stream_names_itself() -> None:
    event = error_event(529, 3)
    assert event.name == "error"
    assert b'"type":"overloaded_error"' in event.data
    assert b'"message":"Overloaded"' in event.data
