from passenger.chat.pending_calls import PendingCalls
from passenger.chat.prompt import ToolCall

A, B, C = (ToolCall(f"call_{name}", name, "{}") for name in "abc")


def pending(*calls: ToolCall) -> PendingCalls:
    found = PendingCalls()
    found.add(list(calls))
    return found


def test_an_id_counts_most() -> None:
    assert pending(A, B).take("call_b", "a") is B


def test_then_a_name_and_of_one_name_the_first() -> None:
    again = ToolCall("call_again", "b", "{}")
    calls = pending(A, B, again)
    assert [calls.take(None, "b"), calls.take("unknown", "b")] == [B, again]


def test_then_the_order() -> None:
    calls = pending(A, B)
    assert [calls.take(None, None), calls.take("unknown", "unknown")] == [A, B]


def test_a_call_is_answered_once() -> None:
    calls = pending(A)
    assert calls.take("call_a", None) is A
    assert calls.take("call_a", None) is None


def test_the_calls_of_one_turn_may_come_one_by_one() -> None:
    calls = pending(A)
    calls.add([B])
    assert [calls.take(None, None), calls.take(None, None)] == [A, B]


def test_a_new_turns_calls_come_instead_of_those_that_nobody_has_answered() -> None:
    calls = pending(A, B)
    calls.take("call_b", None)
    calls.add([C])
    assert [calls.take(None, None), calls.take(None, None)] == [C, None]
    calls = pending(A)
    calls.end_turn()
    calls.add([B])
    assert calls.take(None, None) is B


def test_a_result_may_still_come_after_somebody_has_spoken() -> None:
    calls = pending(A)
    calls.end_turn()
    assert calls.take(None, None) is A
    calls.add([])
    assert calls.take(None, None) is None
