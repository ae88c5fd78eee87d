"""The official SDKs, imported by the first test that uses one.

Together they take as much CPU time to import as all else, and each process that runs tests collects these.
"""

import importlib
from typing import Any


class Lazy:
    """A module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # Any: whatever a module has
        return getattr(importlib.import_module(self._name), name)
