"""The event loop's lag, seen from outside: how long `GET /livez` takes, asked again and again by a process of its own.

Run as `python -m stress.lag PORT`, with a line on stdin to stop it; it then says the times, in seconds, as JSON.
"""

import json
import select
import socket
import sys
import time

EVERY = 0.1
"""Seconds between two questions."""

ASK = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def main(port: int) -> None:
    """Ask on one connection until told to stop."""
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", port), 60) as wire:
        while not select.select([sys.stdin], [], [], EVERY)[0]:
            began = time.perf_counter()
            wire.sendall(ASK)
            if not wire.recv(4096):
                break
            took.append(time.perf_counter() - began)
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
