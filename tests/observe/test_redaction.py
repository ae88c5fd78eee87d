"""No secret is shown, and no character that forges a line."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.observe.redaction import STARS, Redactor, plain
from passenger.secret import Secret


@pytest.mark.proves("T4", "promise 2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login ghu_simulated1 works", "login *** works"),
        ("gho_fake2,ghp_fake3 ghs_fake4 ghr_fake5", "***,*** *** ***"),
        ("github_pat_11FAKE_fake", "***"),
        ("tid=fake;exp=1;sku=x:mac and more", "*** and more"),
        ("Authorization: Bearer fake-token", "Authorization: Bearer ***"),
        ("authorization: bearer fake", "authorization: bearer ***"),
        ("key sk-fakefakefakefakefake", "key ***"),
        ('{"token":"tid=fake;exp=1"}', '{"token":"***"}'),
        ("send a bearer token", "send a bearer token"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_has_the_shape_of_a_token_is_hidden(text: str, shown: str) -> None:
    assert Redactor().redact(text) == shown


@given(
    st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4 and not set(text) & set(STARS)),
    st.text(),
    st.text(),
)
def test_a_registered_secret_is_never_shown(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    shown = redactor.redact(f"{before}{secret}{after}")
    assert STARS in shown
    assert secret not in shown.split(STARS)


def test_a_secret_that_holds_another_is_hidden_whole() -> None:
    redactor = Redactor()
    redactor.add("opensesame")
    redactor.add(Secret("opensesame-and-more"))
    assert redactor.redact("opensesame-and-more opensesame") == "*** ***"


def test_a_secret_is_hidden_as_it_is_written_in_urls_and_json_too() -> None:
    redactor = Redactor()
    redactor.add('a/b"c d')
    assert redactor.redact('x=a%2Fb%22c%20d {"x": "a/b\\"c d"}') == 'x=*** {"x": "***"}'


def test_of_secrets_that_follow_each_other_the_last_few_are_hidden_and_those_that_last() -> None:
    redactor = Redactor()
    redactor.add("a-key-of-ours")
    for number in range(1000):
        redactor.add_passing("the-login")
        redactor.add_passing(f"token-{number:04}")
    assert redactor.redact("a-key-of-ours the-login token-0999 token-0993 token-0992") == "*** *** *** *** token-0992"


def test_secrets_of_a_long_life_cost_no_memory() -> None:
    redactor = Redactor()
    tracemalloc.start()
    for number in range(200):
        redactor.add_passing(f"token={number};" * 100)
        redactor.redact("a line")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 500_000


def test_a_secret_too_short_to_be_one_hides_no_words() -> None:
    redactor = Redactor()
    redactor.add("a")
    redactor.add("   \n ")
    assert redactor.redact("banana   \n split") == "banana   \n split"


def test_a_text_of_somebody_elses_keeps_its_lines_and_steers_no_terminal() -> None:
    assert plain("a\nb \x1b]52;c;x\x07\x9b2J\u202e\rc") == "a\nb \\x1b]52;c;x\\x07\\x9b2J\\u202e\\rc"


@given(st.integers(0, 30), st.text("x/ ", max_size=3))
def test_the_beginning_of_a_secret_that_was_cut_is_no_less_of_a_secret(kept: int, before: str) -> None:
    secret = "correct-horse-battery-staple-1"
    redactor = Redactor()
    redactor.add(secret)
    said = redactor.redact(f"{before}{secret[:kept]}… via {secret} x…")
    assert said == f"{before}{secret[:kept] if kept < 4 else '***'}… via *** x…"


def test_a_key_that_was_cut_is_known_by_its_shape() -> None:
    redactor = Redactor()
    assert redactor.redact("sk-a1b2c3d4… via") == "***… via"
    assert redactor.redact("sk-a1b2c3d4 via") == "sk-a1b2c3d4 via"


def test_a_key_of_ours_is_hidden_and_its_beginning_is_not() -> None:
    key = "psgr_" + "a1B2" * 9
    said = f"key={key[:9]}…{key[-4:]} asked"
    assert Redactor().redact(said) == said
    assert Redactor().redact(f"{said} with {key}, {key.replace('psgr', 'psga')}") == f"{said} with ***, ***"
