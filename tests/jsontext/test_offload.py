"""What is done off the event loop gives the same, in another thread."""

import threading

import pytest

from passenger.jsontext.offload import offload


def fails(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("heavy", [False, True])
async def test_the_result_and_the_failure_come_back(heavy: bool) -> None:
    assert await offload(heavy, int, "7") == 7
    with pytest.raises(ValueError, match="no good"):
        await offload(heavy, fails, "no good")


async def test_only_heavy_work_leaves_the_thread_and_all_of_it_is_in_one() -> None:
    assert await offload(False, threading.get_ident) == threading.get_ident()
    others = {await offload(True, threading.get_ident) for _ in range(3)}
    assert len(others) == 1
    assert threading.get_ident() not in others
