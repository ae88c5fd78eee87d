"""`python -m fuzz.child TARGET [libFuzzer's flags]`: one target under atheris, until it crashes or has had enough."""

import logging
import sys

import atheris

from fuzz.mutation import mutate
from fuzz.targets import PLAIN, load


def main(argv: list[str]) -> None:
    """Fuzz; the process ends with it."""
    program, name, *flags = argv
    logging.disable()
    with atheris.instrument_imports(include=["passenger"]):
        target = load(name)
    custom = {} if name in PLAIN else {"custom_mutator": _by_value}
    atheris.Setup([program, *flags], target, **custom)
    atheris.Fuzz()


def _by_value(data: bytes, limit: int, seed: int) -> bytes:
    return mutate(data, limit, seed, atheris.Mutate)


if __name__ == "__main__":
    main(sys.argv)
