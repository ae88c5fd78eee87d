"""The canary sweep can find something."""

from pathlib import Path

import pytest

from tests.sweep import PLACE, Record, sweep


@pytest.mark.proves("T4", "promise 2")
def test_a_secret_that_was_said_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path))
    for text in ("all is well", "the token is a-secret-of-this-test"):
        record = Record()
        record.add(text)
        record.forbid(["a-secret-of-this-test"])
    processes, size, found = sweep(tmp_path)
    assert (processes, size > 40) == (2, True)
    assert len(found) == 1


@pytest.mark.proves("T4")
def test_a_secret_of_another_process_may_be_a_word_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path))
    Record().add("hello")
    Record().forbid(["hello"])
    assert sweep(tmp_path)[2] == []
