import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Usage
from passenger.dialects.anthropic.usage import UsageMeter, WireUsage, usage_of, write_usage
from passenger.dialects.copilot_usage import CopilotUsage

COUNTS = st.integers(0, 10**9)


def test_what_a_cache_gave_and_took_is_part_of_the_input() -> None:
    meter = UsageMeter()
    assert meter.usage is None
    meter.add(WireUsage(20, 2, 48000, 1200))
    meter.add(WireUsage(output_tokens=110), CopilotUsage(3435000000))
    assert meter.usage == Usage(49220, 110, 48000, 0, 3435000000, 1200)


def test_a_bill_alone_is_usage_too() -> None:
    meter = UsageMeter()
    meter.add(None, CopilotUsage(5))
    assert meter.usage == Usage(nano_credits=5)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_what_is_written_reads_back_the_same(
    fresh: int, output: int, cached: int, written: int, reasoning: int
) -> None:
    usage = Usage(fresh + cached + written, output, cached, reasoning, None, written)
    assert usage_of(msgspec.json.encode({"usage": write_usage(usage)})) == usage


def test_a_whole_answer_tells_its_usage() -> None:
    answer = b'{"usage":{"input_tokens":3,"output_tokens":4},"copilot_usage":{"total_nano_aiu":7},"content":[]}'
    assert usage_of(answer) == Usage(3, 4, nano_credits=7)
    assert usage_of(b"{}") is None


@pytest.mark.parametrize("answer", [b"[]", b"x", b'{"usage":5}'])
def test_what_is_no_answer_raises(answer: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        usage_of(answer)
