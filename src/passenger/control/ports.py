"""Who holds a port of this machine."""

import contextlib
from pathlib import Path


def holder_of(port: int) -> str | None:
    """The process that listens on a port, as Linux shows it; None elsewhere, or where it is another user's."""
    inodes = {row[9] for row in _tcp_rows() if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(link.readlink()).removeprefix("socket:[").removesuffix("]") in inodes:
                process = link.parts[2]
                name = Path(f"/proc/{process}/comm").read_bytes().decode("ascii", "replace").strip()
                return f"{''.join(char if ' ' <= char <= '~' else '?' for char in name)} (process {process})"
    return None


def _tcp_rows() -> list[list[str]]:
    rows: list[list[str]] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows += [line.split() for line in Path(table).read_text().splitlines()[1:]]
    return rows
