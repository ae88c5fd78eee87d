"""How much room an installation takes; it hides how a Python package names what it needs."""

import re
from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

MB = 1e6

Find = Callable[[str], Distribution]


def directory_mb(*paths: Path) -> float:
    """Megabytes of the files below some directories, or of some files."""
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / MB


def distribution_mb(name: str, find: Find = distribution) -> float:
    """Megabytes of an installed Python package and of all that it needs, bytecode included."""
    return sum(_own_mb(found) for found in _closure(name, find).values())


def distributions(name: str, find: Find = distribution) -> int:
    """How many Python packages a package needs, itself not counted."""
    return len({_canonical(needed) for needed in _closure(name, find)} - {_canonical(name)})


def _canonical(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _closure(name: str, find: Find) -> dict[str, Distribution]:
    """A package and what it needs; what is not installed here is not needed here."""
    found: dict[str, Distribution] = {}
    asked = [name]
    for one in asked:
        if one not in found:
            try:
                found[one] = find(one)
            except PackageNotFoundError:
                continue
            asked += [_name(line) for line in found[one].requires or () if "extra ==" not in line]
    return found


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _own_mb(found: Distribution) -> float:
    """The files of a package; where it is a link to its source (PEP 660), the source."""
    files = [Path(str(file.locate())) for file in found.files or ()]
    files += [Path(path) for link in files if link.suffix == ".pth" for path in link.read_text().splitlines()]
    return directory_mb(*(file for file in files if file.exists()))
