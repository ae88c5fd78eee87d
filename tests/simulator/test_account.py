from passenger.simulator.account import LOGIN_TOKEN, Account


def account() -> Account:
    return Account(lambda: 1000.9, url="http://a:1", api_url="http://a:1")


def test_a_token_says_that_it_is_simulated_and_when_it_ends() -> None:
    minted = account().mint()
    assert minted.expires_at == 2800
    assert ";ol=simulated;exp=2800;" in minted.token
    assert len(minted.token.rpartition(":")[2]) == 64


def test_no_two_tokens_are_the_same() -> None:
    one = account()
    assert one.mint().token != one.mint().token


def test_a_token_remembers_the_host_it_was_made_for() -> None:
    one = account()
    minted = one.mint()
    one.api_url = "http://b:1"
    assert (minted.host, one.mint().host) == ("a:1", "b:1")


def test_a_revoked_login_belongs_to_no_app() -> None:
    one = account()
    assert one.client_of(LOGIN_TOKEN) is not None
    one.login_revoked = True
    assert one.client_of(LOGIN_TOKEN) is None
