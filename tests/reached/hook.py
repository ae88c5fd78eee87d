"""Run modules with their marks in them: the start of an interpreter executes this where `tests.reached` measures.

Every process of the tests pays for it, so it imports next to nothing.
"""

from __future__ import annotations

import builtins
import marshal
import mmap
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader, spec_from_file_location

TYPE_CHECKING = False  # that of `typing` would cost its import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


def start(place: str) -> None:
    """Map the marks of this directory into memory, and take the modules from there whose code it has."""
    with open(f"{place}/packages") as names, open(f"{place}/marks", "r+b") as marks:
        packages = names.read().split()
        vars(builtins)["_reached_"] = mmap.mmap(marks.fileno(), 0)
    kept: dict[str, tuple[str, bytes]] = {}

    class Marked(SourceFileLoader):
        """Takes the code with the marks."""

        def get_code(self, fullname: str) -> CodeType:
            code: CodeType = marshal.loads(kept[fullname][1])
            return code

    class Finder:
        """Knows where the modules are, and leaves alone what is found elsewhere."""

        @staticmethod
        def find_spec(name: str, path: Sequence[str] | None = None, to: ModuleType | None = None) -> ModuleSpec | None:
            if name.partition(".")[0] not in packages:
                return None
            if not kept:
                with open(f"{place}/codes", "rb") as codes:
                    kept.update(marshal.loads(codes.read()))
            file = kept[name][0] if name in kept else ""
            found = PathFinder.find_spec(name) if path is None else None
            if path is None:
                ours = found is not None and found.origin == file
            else:
                ours = file.startswith(tuple(f"{one}/" for one in path))
            return spec_from_file_location(name, file, loader=Marked(name, file)) if ours else found

    sys.meta_path.insert(0, Finder)
