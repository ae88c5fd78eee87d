"""Which server a client is wired to; that it is found or started is seen in `test_launch.py`."""

from passenger.cli.launch_server import reachable


def test_what_listens_everywhere_is_reached_on_this_machine() -> None:
    assert [reachable(host) for host in ("0.0.0.0", "::", "", "10.0.0.1")] == ["127.0.0.1"] * 3 + ["10.0.0.1"]
