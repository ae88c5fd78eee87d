"""Which server a client is wired to; that it is found or started is seen in `test_launch.py`."""

from passenger.cli.launch_server import ALONE


def test_the_server_of_one_run_opens_no_second_port() -> None:
    assert ALONE == {"PASSENGER_SERVER_OLLAMA_PORT": "0"}
