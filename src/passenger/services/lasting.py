"""Whether a program will still be where it is tomorrow: a cache and a temporary directory are emptied one day."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

TAG = "CACHEDIR.TAG"
"""The file by which a cache says what it is: https://bford.info/cachedir/."""

CACHES = ("UV_CACHE_DIR", "PIPX_SHARED_CACHE", "XDG_CACHE_HOME")
HOMES = ((".cache",), ("Library", "Caches"), ("AppData", "Local", "uv", "cache"), ("AppData", "Local", "pipx", "cache"))


def vanishing(prefix: Path, environ: Mapping[str, str], home: Path) -> Path | None:
    """The directory that will be emptied and holds the program; None where it will last.

    An environment of its own may hold the tag too: uv marks each that it makes, so that no backup takes it.
    """
    named = [Path(value) for name in CACHES if (value := environ.get(name))]
    emptied = [Path(tempfile.gettempdir()), *named, *(home.joinpath(*parts) for parts in HOMES)]
    resolved = {one.resolve() for one in emptied}
    for above in prefix.resolve().parents:
        if above in resolved or (above / TAG).is_file():
            return above
    return None
