"""The head of a request as it goes up (https://www.rfc-editor.org/rfc/rfc9112#section-3)."""

from collections.abc import Mapping


def head_of(method: str, target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """The request line and the headers, each with the end of its line.

    Raises:
        ValueError: a header would be more than one line.
    """
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("a header of a request has a line break in it")
    return f"{text}\r\n".encode()
