"""Seals travel through foreign clients and open only for those who made them."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Message, Seal, Text, Thought
from passenger.seals import is_wrapped, opens_for, sent_and_lost, unwrap, unwrap_thought, wrap

ORIGINS = st.sampled_from(["messages/anthropic", "completions/google", "responses/openai", "responses/xai"])


@given(ORIGINS, st.text(), st.booleans())
def test_unwrapping_inverts_wrapping(origin: str, value: str, redacted: bool) -> None:
    seal = Seal(origin, value, redacted)
    text = wrap(seal)
    assert is_wrapped(text)
    assert unwrap(text, "messages") == seal
    assert base64.b64encode(base64.b64decode(text)).decode() == text


@given(ORIGINS, st.text(), st.booleans(), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_words_of_a_thought_travel_with_its_seal(origin: str, value: str, redacted: bool, words: str) -> None:
    seal = Seal(origin, value, redacted)
    assert unwrap_thought(wrap(seal, words)) == Thought(words, seal)
    assert unwrap(wrap(seal, words)) == seal


@given(st.text())
def test_what_is_not_ours_stays_as_it_is(text: str) -> None:
    assert is_wrapped(text) or unwrap(text, "messages") == Seal("messages", text)


def test_a_seal_that_was_tampered_with_is_somebody_elses() -> None:
    text = wrap(Seal("messages/anthropic", "x"))
    assert unwrap(text + "!", "gemini") == Seal("gemini", text + "!")


def test_a_seal_opens_for_the_dialect_and_vendor_that_made_it() -> None:
    assert opens_for(Seal("messages/anthropic", "x"), "messages", "anthropic")
    assert opens_for(Seal("messages", "x"), "messages", "anthropic")
    assert not opens_for(Seal("messages/anthropic", "x"), "completions", "anthropic")
    assert not opens_for(Seal("responses/openai", "x"), "responses", "xai")


def test_a_seal_that_is_lost_is_named_where_the_client_sent_one() -> None:
    sealed = Message("assistant", (Text("a"), Thought("hm", Seal("gemini", "x"))))
    assert sent_and_lost((sealed,), ("seed", "seal")) == ("seed", "seal")
    bare = Message("assistant", (Thought("hm"), Text("a")))
    assert sent_and_lost((bare,), ("seed", "seal", "thought")) == ("seed", "thought")
    assert sent_and_lost((), ()) == ()
