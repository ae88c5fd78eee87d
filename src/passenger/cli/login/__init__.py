"""`passenger login`, `logout` and `refresh`: the account's login and its tokens."""
