from typing import Any

import msgspec
import pytest

from passenger.chat import Abilities, Prompt, Seal, Text, Thought
from passenger.dialects import completions
from passenger.dialects.completions.chunks import Piece, decode_chunk
from passenger.dialects.completions.thoughts_in import SEALS, WORDS, seal_of, words_of
from passenger.events import Answer
from passenger.framing import Message
from tests.folding import fold


def answered(*deltas: dict[str, Any]) -> Answer:
    reader = completions.reader(Prompt("m", ()), Abilities(vendor="xai"))
    chunks = [{"model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = [event for chunk in (*chunks, end) for event in reader.read(Message("", msgspec.json.encode(chunk)))]
    return fold([*events, *reader.end()])


@pytest.mark.parametrize("name", WORDS)
def test_a_thought_is_read_by_any_of_its_names(name: str) -> None:
    answer = answered({name: "Hm, "}, {name: "well."}, {"content": "Yes."})
    assert answer.parts == (Thought("Hm, well."), Text("Yes."))


@pytest.mark.parametrize("name", SEALS)
@pytest.mark.parametrize("words", WORDS)
def test_a_seal_ends_it(words: str, name: str) -> None:
    answer = answered({words: "Hm."}, {name: "sealed"}, {"content": "Yes."})
    assert answer.parts == (Thought("Hm.", Seal("completions/xai", "sealed")), Text("Yes."))


@pytest.mark.parametrize("value", [None, "", {"text": "Hm."}, ["Hm."], 7])
def test_what_is_no_text_is_no_thought_and_hides_no_words(value: object) -> None:
    delta = {"reasoning": value, "thinking": value, "signature": value, "content": "Yes."}
    assert answered(delta).parts == (Text("Yes."),)


def test_one_thought_under_two_names_is_told_once() -> None:
    piece = Piece(reasoning_text="Hm.", reasoning_content="Hm.", reasoning="Hm.")
    assert (words_of(piece), seal_of(piece)) == ("Hm.", "")


@pytest.mark.parametrize("name", [*WORDS, *SEALS])
def test_every_name_makes_a_piece_one_of_a_thought(name: str) -> None:
    assert not Piece(content="x").thinks
    chunk = decode_chunk(msgspec.json.encode({"choices": [{"delta": {name: "x"}}]}))
    assert chunk.choices is not None
    assert chunk.choices[0].delta is not None
    assert chunk.choices[0].delta.thinks
