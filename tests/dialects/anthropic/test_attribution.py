import json
from typing import Any

import pytest

from passenger.chat.prompt import Message, Prompt, Text
from passenger.dialects.anthropic.attribution import BEGINNING, NAME, leave_out_attribution, without_attribution
from passenger.jsontext.raw_object import RawObject

LINE = Text(f"{BEGINNING} cc_version=2.1.330.363; cc_entrypoint=cli;")
RULES, GO = Text("be brief"), Message("user", (Text("go"),))


def test_the_line_is_left_out_of_the_prompt_and_named() -> None:
    prompt = without_attribution(Prompt("m", (Message("system", (LINE, RULES)), GO), dropped=("seed",)))
    assert prompt == Prompt("m", (Message("system", (RULES,)), GO), dropped=("seed", NAME))


def test_where_it_is_all_that_the_system_says_nothing_of_it_is_left() -> None:
    assert without_attribution(Prompt("m", (Message("system", (LINE,)), GO))).messages == (GO,)


def test_words_about_it_and_what_others_say_stay() -> None:
    for said in ((Message("system", (Text(f"Never write {BEGINNING}"),)), GO), (Message("user", (LINE,)),), (GO,)):
        prompt = Prompt("m", said)
        assert without_attribution(prompt) is prompt


# --- a request that is relayed ---------------------------------------------------------------------------------------


RELAYED_LINE = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.200.1; cch=0a1b2;"}
RELAYED_RULES = {"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}


def left(system: object) -> tuple[Any, tuple[str, ...]]:
    body = RawObject(json.dumps({"system": system, "model": "m"}).encode())
    dropped = leave_out_attribution(body)
    return json.loads(body.encode()), dropped


@pytest.mark.parametrize(
    ("system", "kept"),
    [
        ([RELAYED_LINE, RELAYED_RULES], [RELAYED_RULES]),
        ([RELAYED_RULES, RELAYED_LINE, RELAYED_RULES], [RELAYED_RULES, RELAYED_RULES]),
    ],
)
def test_the_line_is_left_out_and_named(system: object, kept: object) -> None:
    assert left(system) == ({"system": kept, "model": "m"}, (NAME,))


def test_a_system_that_is_nothing_else_is_left_out() -> None:
    assert left([RELAYED_LINE]) == ({"model": "m"}, (NAME,))


@pytest.mark.parametrize(
    "system",
    [
        [RELAYED_RULES],
        [],
        None,
        RELAYED_LINE["text"],
        [{"type": "text", "text": 'Say "x-anthropic-billing-header: a"'}],
        [{"type": "text", "text": "a", "note": RELAYED_LINE["text"]}],
        [RELAYED_LINE["text"], RELAYED_RULES],
        [RELAYED_LINE, {"type": "text", "text": "\ud800"}],
    ],
)
def test_anything_else_keeps_its_bytes(system: object) -> None:
    raw = json.dumps({"system": system}).encode()
    body = RawObject(raw)
    assert leave_out_attribution(body) == ()
    assert body.encode() is raw
