"""What a reader may raise: a Failure which is the client's fault, and which can be said in the client's dialect."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from passenger.errors import Failure


@contextmanager
def blaming_the_client(write_failure: Callable[[Failure], bytes]) -> Iterator[None]:
    """A block that may fail so, and in no other way."""
    try:
        yield
    except Failure as failure:
        assert 400 <= failure.status < 500, failure.status
        json.loads(write_failure(failure).decode())
