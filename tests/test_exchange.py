import subprocess
import sys
from uuid import RFC_4122, UUID

import pytest

from passenger.exchange import Exchange

FORKS = """
import os
from passenger.exchange import new_id

new_id()
if child := os.fork():
    os.waitpid(child, 0)
print(new_id())
"""


def test_an_exchange_is_known_by_a_uuid_of_its_own() -> None:
    said = [Exchange("GET", "/").id for _ in range(1000)]
    ids = [UUID(one) for one in said]
    assert {(one.version, one.variant) for one in ids} == {(4, RFC_4122)}
    assert len({*ids}) == len(ids)
    assert [*map(str, ids)] == said


GITHUBS, COPILOTS = ("x-github-request-id", "51A1:7"), ("x-copilot-service-request-id", "c0")


@pytest.mark.parametrize(
    ("headers", "ids"),
    [
        ((), ()),
        ((("retry-after", "7"), COPILOTS, ("x-request-id", "theirs"), GITHUBS), ("51A1:7", "c0", "theirs")),
        ((("x-request-id", "ours"), GITHUBS), ("51A1:7",)),
        ((("x-request-id", "ours"),), ()),
    ],
    ids=["none", "all", "ours said after us", "ours alone"],
)
def test_it_knows_the_ids_of_others_and_githubs_first(
    headers: tuple[tuple[str, str], ...], ids: tuple[str, ...]
) -> None:
    exchange = Exchange("GET", "/", id="ours")
    exchange.note_ids(headers)
    assert exchange.upstream_ids == ids


def test_a_forked_worker_does_not_count_as_its_parent_does() -> None:
    said = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, check=True, timeout=60).stdout.split()
    assert len({*said}) == 2
