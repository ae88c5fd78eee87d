"""GitHub and GitHub Copilot as a server on loopback, written from what the real ones were seen to answer.

What is known of them is in `docs/upstream.md`.

It imports nothing else of this package, so that the two cannot be wrong together. The demo, the tests and the
benchmarks run on it, and so can any other client: see `faults.py` for what it can be told.
"""

from passenger.simulator.faults import Fault
from passenger.simulator.recorded import Recorded
from passenger.simulator.server import READABLE, Simulator, config_toml

__all__ = ["READABLE", "Fault", "Recorded", "Simulator", "config_toml"]
