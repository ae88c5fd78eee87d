from passenger.simulator.reply import Reply, go_json, raw_json


def test_capi_json_has_sorted_keys_and_escapes_as_go_does() -> None:
    assert go_json({"b": "<&>\u2028é", "a": 1}) == '{"a":1,"b":"\\u003c\\u0026\\u003e\\u2028é"}'.encode()


def test_a_vendors_own_order_can_be_kept() -> None:
    assert go_json({"b": 1, "a": 2}, ordered=False) == b'{"b":1,"a":2}'


def test_raw_json_keeps_line_separators_as_they_are() -> None:
    assert raw_json(["\u2028"]) == '["\u2028"]'.encode()


def test_a_head_is_a_status_line_and_headers() -> None:
    head = Reply(429, (("retry-after", "7"),)).head("content-length: 0")
    assert head == b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"


def test_another_content_type_replaces_the_first() -> None:
    assert Reply(200, (("Content-Type", "a"), ("x", "y"))).typed("b").headers == (("content-type", "b"), ("x", "y"))
