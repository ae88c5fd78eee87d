"""The headers of a request as ASGI has them: pairs of bytes, the names in lower case."""

from passenger.server.stream import Scope


def header(scope: Scope, name: bytes) -> bytes:
    """The value of the first header of that name, empty where there is none."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""
