"""Error answers of Copilot and of GitHub's token exchange: whatever they hold, each client is told in its dialect."""

from fuzz.answers.law import DIALECTS, must_be_said
from passenger.account.protocol import read_exchange_failure
from passenger.copilot.protocol import read_copilot_failure


def one(data: bytes) -> None:
    """Read a status (two bytes), headers (a line) and a body."""
    head, _, body = data[2:].partition(b"\n")
    status = 400 + int.from_bytes(data[:2]) % 600
    value = head.decode("latin-1")
    headers = {"retry-after": value, "date": value, "x-request-id": value, "content-type": "text/html"}
    for failure in (read_copilot_failure(status, headers, body), read_exchange_failure(status, headers, body)):
        for name, said in failure.headers:
            assert name == name.lower()
            assert said.isprintable()
        for dialect in DIALECTS:
            must_be_said(failure, dialect)
