"""What is set aside: cached prices where a cache has the prompt, and never less than the worst where that is wanted."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat.cost import UNKNOWN, Rates, Tariff, Tokens
from passenger.quota import reserve
from passenger.quota.reserve import CACHED_FOR, NEW_OUTPUT, AskedTokens, Reserve, price

TARIFF = Tariff(Rates(500, 50, 625, 2500), batch=1)
ASKED = AskedTokens(TARIFF, "own", "opus", "s", 4000, output=32_000, most_input=200_000, most_output=64_000)


def test_a_new_session_is_paid_in_full_and_the_next_turn_is_cached() -> None:
    book = Reserve()
    assert book.likely(ASKED, 0.0) == Tokens(cache_write=1000, output=NEW_OUTPUT)
    book.learn(ASKED, Tokens(cache_write=1000, output=40), 0.0)
    assert book.likely(replace(ASKED, size=4400), 1.0) == Tokens(0, 1000, 100, 40)


def test_after_a_pause_or_by_another_model_no_cache_has_it() -> None:
    book = Reserve()
    book.learn(ASKED, Tokens(cache_write=1000, output=40), 0.0)
    assert book.likely(ASKED, CACHED_FOR + 1).cache_read == 0
    assert book.likely(replace(ASKED, model="haiku"), 1.0).cache_read == 0
    assert book.likely(replace(ASKED, session="other"), 1.0).cache_read == 0


def test_the_output_is_what_nine_of_ten_do_not_exceed_and_never_above_what_is_asked_for() -> None:
    book = Reserve()
    for output in range(10, 110, 10):
        book.learn(ASKED, Tokens(1000, output=output), 0.0)
    assert book.likely(ASKED, 1.0).output == 100
    assert book.likely(replace(ASKED, output=30), 1.0).output == 30
    assert book.likely(replace(ASKED, choices=3), 1.0).output == 300


def test_tokens_of_a_byte_are_learned() -> None:
    book = Reserve()
    book.learn(ASKED, Tokens(2000, output=1), 0.0)
    assert book.likely(replace(ASKED, session="other"), 1.0).cache_write == 2000


def test_the_worst_is_a_token_a_byte_and_all_that_may_be_answered() -> None:
    assert Reserve.worst(ASKED) == Tokens(cache_write=4000, output=32_000)
    assert Reserve.worst(replace(ASKED, output=None, choices=2)).output == 128_000
    assert Reserve.worst(replace(ASKED, size=10**7)).cache_write == 200_000
    assert Reserve.worst(replace(ASKED, output=0, most_output=None)).output == 0


def test_what_has_no_price_sets_nothing_aside_and_a_cache_without_one_is_paid_in_full() -> None:
    assert price(UNKNOWN, Tokens(5, 5, 5, 5)) == 0
    assert price(Tariff(Rates(2, None, None, 3), batch=1), Tokens(1, 10, 0, 1)) == 25


def test_what_is_known_is_bounded() -> None:
    book = Reserve()
    for number in range(reserve.MOST_SESSIONS + 1):
        name = str(number)
        book.learn(replace(ASKED, session=name, model=name), Tokens(1000, output=1), 0.0)
    assert book.likely(replace(ASKED, session="0", model="0"), 1.0).cache_read == 0
    last = str(reserve.MOST_SESSIONS)
    assert book.likely(replace(ASKED, session=last, model=last), 1.0).cache_read == 1000


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_answer_costs_more_than_the_worst(size: int, read: int, written: int, output: int) -> None:
    asked = replace(ASKED, size=size)
    whole = min(size, 200_000)
    read = min(read, whole)
    written = min(written, whole - read)
    answer = Tokens(whole - read - written, read, written, min(output, 32_000))
    assert price(TARIFF, answer) <= price(TARIFF, Reserve.worst(asked))
