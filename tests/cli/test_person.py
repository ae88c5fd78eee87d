"""Whether a person is there."""

import io

from passenger.cli.person import is_terminal


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_each_stream_has_to_be_an_open_terminal() -> None:
    closed = Terminal()
    closed.close()
    assert is_terminal(Terminal(), Terminal())
    assert not any(is_terminal(Terminal(), other) for other in (io.StringIO(), closed, None))
