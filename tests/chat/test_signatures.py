"""Seals travel through foreign clients and open only for those who made them."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.prompt import Message, Reasoning, Signature, Text
from passenger.chat.signatures import belongs_to, client_losses, is_wrapped, unwrap, unwrap_reasoning, wrap

ORIGINS = st.sampled_from(["messages/anthropic", "completions/google", "responses/openai", "responses/xai"])


@given(ORIGINS, st.text(), st.booleans())
def test_unwrapping_inverts_wrapping(origin: str, value: str, redacted: bool) -> None:
    signature = Signature(origin, value, redacted)
    text = wrap(signature)
    assert is_wrapped(text)
    assert unwrap(text, "messages") == signature
    assert base64.b64encode(base64.b64decode(text)).decode() == text


@given(ORIGINS, st.text(), st.booleans(), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_words_of_reasoning_travel_with_its_signature(origin: str, value: str, redacted: bool, words: str) -> None:
    signature = Signature(origin, value, redacted)
    assert unwrap_reasoning(wrap(signature, words)) == Reasoning(words, signature)
    assert unwrap(wrap(signature, words)) == signature


@given(st.text())
def test_what_is_not_ours_stays_as_it_is(text: str) -> None:
    assert is_wrapped(text) or unwrap(text, "messages") == Signature("messages", text)


def test_a_signature_that_was_tampered_with_is_somebody_elses() -> None:
    text = wrap(Signature("messages/anthropic", "x"))
    assert unwrap(text + "!", "gemini") == Signature("gemini", text + "!")


def test_a_signature_opens_for_the_dialect_and_vendor_that_made_it() -> None:
    assert belongs_to(Signature("messages/anthropic", "x"), "messages", "anthropic")
    assert belongs_to(Signature("messages", "x"), "messages", "anthropic")
    assert not belongs_to(Signature("messages/anthropic", "x"), "completions", "anthropic")
    assert not belongs_to(Signature("responses/openai", "x"), "responses", "xai")


def test_a_signature_that_is_lost_is_named_where_the_client_sent_one() -> None:
    signed = Message("assistant", (Text("a"), Reasoning("hm", Signature("gemini", "x"))))
    assert client_losses((signed,), ("seed", "signature")) == ("seed", "signature")
    bare = Message("assistant", (Reasoning("hm"), Text("a")))
    assert client_losses((bare,), ("seed", "signature", "messages.reasoning")) == ("seed", "messages.reasoning")
    assert client_losses((), ()) == ()
