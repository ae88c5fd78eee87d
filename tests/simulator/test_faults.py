import pytest

from passenger.simulator.faults import (
    NONE,
    Directive,
    Fault,
    Faults,
    directives,
    fault_of,
    header_directives,
    without_directives,
)


def parsed(text: str) -> Fault:
    return fault_of(directives(text))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[status 429 retry-after=7]]", Fault(status=429, headers={"retry-after": "7"})),
        ("[[status 402 code=quota_exceeded body=no]]", Fault(status=402, code="quota_exceeded", body="no")),
        ("[[code quota_exceeded]]", Fault(code="quota_exceeded")),
        ("[[cut 3]] and [[drip 0.05]]", Fault(cut_after=3, drip=0.05)),
        ("[[end 2]]", Fault(end_after=2)),
        ("[[stall 2]]", Fault(stall_after=2)),
        ("[[split]]", Fault(split=1)),
        ("[[split 7]]", Fault(split=7)),
        ("[[reset]]", Fault(reset=True)),
        ("[[reset 2]]", Fault(reset_after=2)),
        ("[[error 2]]", Fault(error_after=2)),
        ("[[error 2 503]]", Fault(error_after=2, error_code=503)),
        ("[[expired]]", Fault(expired=True)),
        ("[[delay 1.5]]", Fault(delay=1.5)),
        ("[[lie 10]]", Fault(lie_length=10)),
        ("[[redirect http://x/]]", Fault(redirect="http://x/")),
        ("[[stale]] [[close]] [[html]]", Fault(refuse_reused=True, close_after=True, html=True)),
        ("[[cut many]] [[nonsense]] [[unclosed", NONE),
        ("nothing at all", NONE),
    ],
)
def test_a_directive_names_a_fault(text: str, fault: Fault) -> None:
    assert parsed(text) == fault


def test_json_arguments_may_hold_closing_brackets() -> None:
    found = list(directives('a [[call add {"a":[[1]]}]] b [[think]]'))
    assert found == [Directive("call", 'add {"a":[[1]]}'), Directive("think")]


def test_a_text_without_its_directives_is_what_a_human_reads() -> None:
    assert without_directives('Say [[call add {"a":[[1]]}]] hello [[think]]') == "Say hello"


def test_a_header_may_leave_the_brackets_out() -> None:
    assert fault_of(header_directives("drip 0.5; cut 3")) == fault_of(header_directives("[[drip 0.5]] [[cut 3]]"))


def test_of_two_faults_the_upper_one_counts_where_both_speak() -> None:
    assert Fault(status=500, drip=1).over(Fault(status=400, split=True)) == Fault(status=500, drip=1, split=True)


def test_a_fault_meets_as_many_requests_as_it_was_told_to() -> None:
    faults, fault = Faults(), Fault(status=500)
    faults.add(fault, "/a", 2)
    assert [faults.take(path, reused=False) for path in ("/b", "/a", "/a", "/a")] == [NONE, fault, fault, NONE]


def test_a_fault_without_times_stays_until_it_is_cleared() -> None:
    faults, fault = Faults(), Fault(status=500)
    faults.add(fault, None, None)
    assert [faults.take("/a", reused=False) for _ in range(3)] == [fault] * 3
    faults.clear()
    assert faults.take("/a", reused=False) is NONE


def test_a_stale_connection_fault_waits_for_a_reused_connection() -> None:
    faults, fault = Faults(), Fault(refuse_reused=True)
    faults.add(fault, None, 1)
    assert faults.take("/a", reused=False) is NONE
    assert faults.take("/a", reused=True) is fault
