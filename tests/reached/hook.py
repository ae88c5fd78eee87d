"""Run modules with their marks in them: the start of an interpreter executes this where `tests.reached` measures.

Every process of the tests pays for it, so it imports next to nothing.
"""

from __future__ import annotations

import builtins
import marshal
import mmap
import os
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader

TYPE_CHECKING = False  # that of `typing` would cost its import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


def start(place: str) -> None:
    """Map the marks of this directory into memory, and take the modules from there whose code it holds."""
    with open(f"{place}/source") as words, open(f"{place}/marks", "r+b") as marks:
        source = words.read()
        vars(builtins)["_reached_"] = mmap.mmap(marks.fileno(), 0)
    kept = set(os.listdir(place))

    class Marked(SourceFileLoader):
        """Takes the code with the marks."""

        def get_code(self, fullname: str) -> CodeType:
            with open(f"{place}/{fullname}.code", "rb") as file:
                code: CodeType = marshal.loads(file.read())
            return code

    class Finder:
        """Finds what everybody finds."""

        @staticmethod
        def find_spec(name: str, path: Sequence[str] | None = None, to: ModuleType | None = None) -> ModuleSpec | None:
            if f"{name}.code" not in kept:
                return None
            spec = PathFinder.find_spec(name, path, to)
            if spec is not None and spec.origin is not None and spec.origin.startswith(source):
                spec.loader = Marked(name, spec.origin)
            return spec

    sys.meta_path.insert(0, Finder)
