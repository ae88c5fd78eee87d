"""What a real process's ledger and GitHub's counter of a simulated account differ by."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from passenger.account.protocol import CopilotUser
from passenger.chat.cost import NANO, Cost
from passenger.ledger.database import open_to_read, open_to_write
from passenger.ledger.observer import Ledger
from passenger.ledger.quota_samples import QuotaSample, read_samples
from passenger.ledger.reconcile import Reconciliation
from passenger.ledger.reconciliations import drift_text, elsewhere_text, read_reconciliations
from passenger.ledger.version import newest
from passenger.quota.monitor import QuotaMonitor
from passenger.simulator import Simulator
from passenger.simulator.quota import headers, snapshots
from tests.fakes import NOON, Clock
from tests.ledger.drifting import drift
from tests.ledger.exchanges import finished
from tests.ledger.looking import is_made, totals
from tests.proxy import eventually, profile_of
from tests.server.bench import Bench, bench

MODELS = ("gpt-5.4", "claude-opus-5", "gpt-4o")


def ledger_of(sim: Simulator, directory: Path) -> Path:
    return profile_of(sim, directory / "home" / ".local" / "state" / "passenger") / "ledger.sqlite"


def samples(path: Path) -> Sequence[QuotaSample]:
    if not is_made(path):
        return []
    with closing(open_to_read(path)) as database:
        return read_samples(database, newest())


def reconciled(path: Path, now: float | None = None) -> Reconciliation:
    with closing(open_to_read(path)) as database:
        (found,) = read_reconciliations(database, round((now or time.time()) * 1000))
    return found


async def look(own: Bench, path: Path) -> None:
    """Have GitHub asked about the seat, and its answer kept."""
    before = len(samples(path))
    assert (await own.get("/v1/passenger/status")).status == 200
    await eventually(lambda: len(samples(path)) > before)


async def test_what_other_tools_have_used_is_told_to_the_nano(tmp_path: Path) -> None:
    async with Simulator(unit="credits", entitlement=7000) as sim:
        path = ledger_of(sim, tmp_path)
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            await look(own, path)
            for number in range(6):
                answer = await own.chat(f"{number} " + "long " * 200, model=MODELS[number % 3], stream=number % 2 == 0)
                assert answer.status == 200
        sim.account.used_elsewhere += 123.456789012
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            await look(own, path)
        found = reconciled(path)
        assert found.ledger == totals(path)[1] == sim.bill.settled > 0
        assert (found.unit, found.elsewhere, found.drift) == ("nano_credits", 123_456_789_012, 0)
        assert found.github == sim.bill.settled + 123_456_789_012
        assert found.uncertain < NANO
        assert (elsewhere_text(found) or "").startswith("123.46 credits ($1.23) were used elsewhere, since ")


async def test_headers_alone_tell_it_to_their_rounding(tmp_path: Path) -> None:
    async with Simulator(unit="credits", entitlement=7000) as sim:
        path = ledger_of(sim, tmp_path)
        for elsewhere in (0.0, 50.0):
            sim.account.used_elsewhere = elsewhere
            async with bench(tmp_path, simulator=sim, primed=False) as own:
                await look(own, path)
                await own.chat("hello", model=MODELS[0])
            with closing(open_to_write(path)) as database:  # an hour passes, and GitHub has told the unit alone
                database.execute("DELETE FROM quota_sample WHERE source = 'github'")
                for table in ("quota_sample", "ledger"):
                    database.execute(f"UPDATE {table} SET at = at - 3600000")
        found = reconciled(path)
        assert abs(found.elsewhere - 50 * NANO) <= found.uncertain < NANO


async def test_a_server_warns_of_drift_once_however_often_it_starts(tmp_path: Path) -> None:
    async with Simulator(unit="credits", entitlement=7000) as sim:
        path = ledger_of(sim, tmp_path)
        with closing(open_to_write(path)) as database:
            sim.account.used_elsewhere = drift(database, time.time())
        async with bench(tmp_path, simulator=sim, primed=False) as own:
            await own.chat()
            line = await own.proxy.said("the ledger has 15.00 credits ($0.15) more than GitHub")
            assert " WARNING " in line
        async with bench(tmp_path, "--workers", "2", simulator=sim, primed=False) as own:
            await own.chat()
        assert not own.proxy.logged("more than GitHub")


async def test_a_github_that_counts_less_than_it_bills_is_drift(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.sqlite", Clock(NOON + 40 * 86_400)
    async with Simulator(unit="credits", entitlement=7000) as sim:
        sim.account.used_elsewhere = 100
        ledger = Ledger(path, 90, clock, interval=0.001)
        monitor = QuotaMonitor(clock=clock, keep=lambda quota, source: ledger.keep_quota("own", quota, source))

        def ask_github() -> None:
            monitor.note_user(CopilotUser(token_based_billing=True, quota_snapshots=snapshots(sim.account)))

        ask_github()
        for _ in range(5):
            clock.now += 120
            monitor.note(headers(sim.account))
            ledger(finished(clock.now, cost=Cost("upstream", 10 * NANO)))
            sim.account.used_elsewhere += 9  # of ten that it has billed
            clock.now += 180
            ask_github()
        ledger.close()
    found = reconciled(path, clock.now)
    assert (found.github, found.ledger, found.elsewhere, found.drift) == (45 * NANO, 50 * NANO, 0, 5 * NANO)
    assert (drift_text(found) or "").startswith("the ledger has 5.00 credits ($0.05) more than GitHub")
