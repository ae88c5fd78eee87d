"""Random documents of each format, as people and programs leave them."""

import json
import random

from tests.edits.pieces import COMMENTS, NAMES, OBJECTS, TEXTS


def ends(draw: random.Random) -> tuple[str, str]:
    """A byte order mark or none, and how lines end."""
    return draw.choice(["", "", "", "\ufeff"]), draw.choice(["\n", "\n", "\r\n"])


def json_text(draw: random.Random, *, comments: bool, trailing: bool, top: str = "{") -> str:
    """An object or array with whatever may stand between its parts."""
    bom, nl = ends(draw)

    def gap() -> str:
        parts = [draw.choice(["", "", " ", "  ", nl, f"{nl}  ", "\t"]) for _ in range(draw.randrange(2))]
        if comments and draw.random() < 0.3:
            parts.append(draw.choice([f"// {draw.choice(COMMENTS)}{nl}", f"/* {draw.choice(COMMENTS)}{nl} */", "/**/"]))
        return "".join(parts)

    def member(depth: int) -> str:
        """A name with its value, which is nearly always an object where an edit needs one."""
        name = draw.choice(NAMES)
        held = container("{", depth - 1) if depth and name in OBJECTS and draw.random() < 0.97 else value(depth)
        return f"{json.dumps(name)}{gap()}:{gap()}{held}"

    def value(depth: int) -> str:
        if depth and draw.random() < 0.4:
            return container(draw.choice("{["), depth - 1)
        return json.dumps(draw.choice([*TEXTS, 1, -2.5e3, True, None]), ensure_ascii=draw.random() < 0.5)

    def container(kind: str, depth: int) -> str:
        sep = draw.choice(["", " ", nl + "  ", nl + "\t"])
        named = kind == "{"
        parts = [f"{sep}{gap()}{(member if named else value)(depth)}{gap()}" for _ in range(draw.randrange(4))]
        last = "," + gap() if parts and trailing and draw.random() < 0.3 else ""
        end = draw.choice(["", " ", nl])
        return kind + (gap() if not parts else "") + ",".join(parts) + last + end + {"{": "}", "[": "]"}[kind]

    return bom + gap() + container(top, 3) + draw.choice(["", nl, nl + nl, " "])


def toml_text(draw: random.Random) -> str:
    """Root keys, then tables, with comments and values over several lines."""
    bom, nl = ends(draw)
    values = [
        '"x"',
        "'C:\\x'",
        "1",
        "true",
        "[1, # one" + nl + "  2]",
        f'"""a{nl}[b]{nl}c = 1"""',
        "{a = 1}",
        "1979-05-27",
    ]

    def pairs(count: int, stem: str) -> str:
        lines = []
        for number in range(count):
            note = draw.choice(["", "", "  # [not.a.table]"])
            lines.append(f"{draw.choice(['', ' '])}{stem}{number} = {draw.choice(values)}{note}")
            lines += draw.choice([[], [], [""], [f"# {draw.choice(['x = 1', '[x]'])}"]])
        return "".join(line + nl for line in lines)

    known = ['model = "old" # mine' + nl] if draw.random() < 0.3 else []
    own = [f"[model_providers.passenger]{nl}name = 'mine'{nl}x = 1 # note{nl}"] if draw.random() < 0.2 else []
    names = ["[t{}]", "[ u . v {} ]", '["q r"{}]']
    tables = [
        f"{draw.choice(names).format(f'.n{number}')}{nl}{pairs(draw.randrange(3), 'k')}"
        for number in range(draw.randrange(3))
    ]
    text = (
        draw.choice(["", f"# top{nl}", nl]) + "".join(known) + pairs(draw.randrange(3), "r") + "".join([*tables, *own])
    )
    return bom + (text.rstrip("\r\n") if draw.random() < 0.3 else text)


def yaml_text(draw: random.Random) -> str:
    """Names at the top with values of many kinds; none of them is the list."""
    bom, nl = ends(draw)
    values = [
        "x",
        '"x y"',
        "'it''s'",
        f"|{nl}  a: b{nl}  # no comment",
        f"{nl}  a: 1{nl}  b:{nl}    - c",
        f"{nl}- a{nl}- b",
        "[1, 2]",
        "",
    ]
    lines = [
        f"n{number}: {draw.choice(values)}{draw.choice(['', '  # note'])}{nl}" for number in range(draw.randrange(4))
    ]
    olds = ["old", '"old" # mine', "'o'"]
    known = [f"model: {draw.choice(olds)}{nl}"] if draw.random() < 0.4 else []
    every = [*lines, *known, *([f"# {draw.choice(COMMENTS)}{nl}"] if draw.random() < 0.4 else [])]
    draw.shuffle(every)
    text = draw.choice(["", f"---{nl}", f"# top{nl}"]) + "".join(every)
    return bom + (text.rstrip("\r\n") if draw.random() < 0.3 else text)


def yaml_list_text(draw: random.Random, name: str | None) -> str:
    """A list of entries, below a name with others around it, or alone."""
    bom, nl = ends(draw)
    indent = draw.choice(["", "  ", "    "]) if name else ""
    entries = []
    for number in range(draw.randrange(3)):
        entries += [f"{indent}- name: e{number}  # note", f"{indent}  text: |", f"{indent}    - name: no entry"]
        entries += draw.choice([[], [""], [f"{indent}# between"]])
    head = [f"{name}:{draw.choice(['', ' # ours'])}"] if name and (entries or draw.random() < 0.5) else []
    above = ["# top"] if draw.random() < 0.4 else []
    around = ["version: 1", "other:", "  - a"] if name else []
    below = ["last: 1"] if name and draw.random() < 0.5 else []
    text = nl.join([*above, *around, *head, *entries, *below])
    return bom + text + (nl if text and draw.random() < 0.7 else "")


def dotenv_text(draw: random.Random) -> str:
    """Variables, comments and blank lines."""
    bom, nl = ends(draw)
    kinds = [
        "A=1",
        "export B='x y'",
        'C = "#"  # note',
        "# GEMINI_API_KEY=no",
        "",
        "GEMINI_API_KEY=old",
        "GEMINI_API_KEY='o' # x",
        "D=",
        "not a line",
    ]
    text = nl.join(draw.choice(kinds) for _ in range(draw.randrange(6)))
    return bom + text + (nl if draw.random() < 0.6 else "")


def lines_text(draw: random.Random) -> str:
    """Lines of anything but our marks."""
    _, nl = ends(draw)
    text = nl.join(
        draw.choice(["alias a=b", "", "# x", "if true; then", "  >>> passenger"]) for _ in range(draw.randrange(6))
    )
    return text + (nl if draw.random() < 0.6 else "")
