"""Every input that fuzzing begins with, and every one that was ever fatal, is read again, without atheris."""

import json
from pathlib import Path

import pytest
from fuzz.mutation import mutate
from fuzz.running import CRASHES, SEEDS
from fuzz.targets import load, names

from passenger.dialects.registry import INBOUND


def inputs(*roots: Path) -> list[Path]:
    return sorted(path for root in roots for path in root.glob("*/*"))


@pytest.mark.parametrize("path", inputs(SEEDS, CRASHES), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_kept_input_is_read_or_refused(path: Path) -> None:
    load(path.parent.name)(path.read_bytes())


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    kept = [path.parent.name for path in inputs(SEEDS)]
    assert set(kept) == set(names())
    assert min(map(kept.count, names())) >= 12
    assert {path.parent.name for path in inputs(CRASHES)} <= set(names())


def test_every_dialect_of_the_clients_has_a_target() -> None:
    assert {inbound.name for inbound in INBOUND} <= set(names())


def bytewise(data: bytes, limit: int) -> bytes:
    return b"bytes"


@pytest.mark.parametrize("path", sorted((SEEDS / "messages").iterdir()), ids=lambda path: path.name)
def test_a_change_of_values_leaves_json_within_the_limit_and_is_the_same_for_the_same_seed(path: Path) -> None:
    data = path.read_bytes()
    changed = [mutate(data, 4096, seed, bytewise) for seed in range(50)]
    assert changed == [mutate(data, 4096, seed, bytewise) for seed in range(50)]
    assert len(set(changed)) > 10
    for text in set(changed) - {b"bytes"}:
        json.loads(text)
        assert len(text) <= 4096


def test_what_is_no_json_is_changed_byte_by_byte() -> None:
    assert mutate(b"{", 4096, 1, bytewise) == b"bytes"
