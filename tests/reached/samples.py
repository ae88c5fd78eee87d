"""Small modules that go all ways that there are, each with calls of its `f` that do."""

from collections.abc import Mapping

SAMPLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "nothing but statements": (
        '''\
"""Doc."""
from __future__ import annotations
import os
X = [
    1,
    2,
]
"""X."""
''',
        (),
    ),
    "a function that is not called": (
        '''\
def f(x):
    """Doc."""
    y = x
    return y
''',
        (),
    ),
    "if": (
        """\
def f(x):
    if x:
        x = 1
    return x
""",
        ("f(0)", "f(1)"),
    ),
    "if, at the end": (
        """\
def f(x):
    if x:
        x = 1
""",
        ("f(0)", "f(1)"),
    ),
    "if over lines": (
        """\
def f(x):
    if (
        x
        and x > 1
    ):
        x = 1
""",
        ("f(0)", "f(2)"),
    ),
    "elif and else": (
        """\
def f(x):
    if x == 0:
        y = 1
    elif x == 1:
        y = 2
    else:
        y = 3
    return y
""",
        ("f(0)", "f(1)", "f(2)"),
    ),
    "if in a loop": (
        """\
def f(x):
    for one in x:
        if one:
            continue
        if one is None:
            break
    else:
        return 1
    return 2
""",
        ("f([])", "f([1])", "f([0])", "f([None])", "f([0, None])"),
    ),
    "a loop in a loop": (
        """\
def f(x):
    for one in x:
        for two in one:
            print(two, end='')
""",
        ("f([])", "f([[]])", "f([[1]])"),
    ),
    "while": (
        """\
def f(x):
    while x:
        x -= 1
        if x == 5:
            break
    else:
        x = 7
    return x
""",
        ("f(0)", "f(2)", "f(6)"),
    ),
    "while True": (
        """\
def f(x):
    while True:
        x -= 1
        if x < 0:
            return x
""",
        ("f(0)", "f(2)"),
    ),
    "match": (
        """\
def f(x):
    match x:
        case 0:
            return 0
        case [y, *_] if y:
            return y
        case str() | bytes():
            x = 1
    return x
""",
        ("f(0)", "f([1])", "f([0])", "f('')", "f(2)"),
    ),
    "match with a last case for all": (
        """\
def f(x):
    match x:
        case 0:
            return 0
        case _:
            return 1
""",
        ("f(0)", "f(1)"),
    ),
    "try": (
        """\
def f(x):
    try:
        y = 1 // x
    except ZeroDivisionError:
        y = 2
    except TypeError as error:
        return error
    else:
        y += 1
    finally:
        x = 0
    return y
""",
        ("f(0)", "f(1)", "f('')"),
    ),
    "finally on the way out": (
        """\
def f(x):
    for one in x:
        try:
            if one:
                return one
        finally:
            x = 0
    return x
""",
        ("f([])", "f([0])", "f([1])"),
    ),
    "with": (
        """\
import contextlib

def f(x):
    for one in x:
        with contextlib.suppress(KeyError):
            if one:
                raise KeyError
    with contextlib.suppress(KeyError):
        x = 3
    return x
""",
        ("f([])", "f([0])", "f([1])"),
    ),
    "with and return": (
        """\
import contextlib

def f(x):
    with contextlib.nullcontext():
        if x:
            return x
    return 0
""",
        ("f(0)", "f(1)"),
    ),
    "a class": (
        '''\
import functools


class A:
    """Doc."""

    x: int = 3

    @staticmethod
    @functools.lru_cache(
        maxsize=None
    )
    def f(x):
        return x

    def g(self):
        ...
''',
        ("A.f(1)", "A().g()"),
    ),
    "what is asynchronous": (
        """\
import asyncio

async def each(x):
    for one in x:
        yield one

async def g(x):
    async for one in each(x):
        if one:
            break
    else:
        return 0
    async with asyncio.Lock():
        return 1

def f(x):
    return asyncio.run(g(x))
""",
        ("f([])", "f([0])", "f([1])"),
    ),
    "functions in functions": (
        """\
def f(x):
    def g(y):
        if y > 1:
            return 1
        return 2

    z = lambda: [
        g(one)
        for one in x
        if one
    ]
    return z()
""",
        ("f([])", "f([1])", "f([2])"),
    ),
}
