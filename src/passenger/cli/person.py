"""Whether a person sits at a stream, and what he answers to a question."""

from typing import TextIO


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether somebody looks at each of these streams."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)
