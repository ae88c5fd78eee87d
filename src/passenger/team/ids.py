"""Ids of what a team has."""

import secrets


def new_id_of(kind: str) -> str:
    """A new id such as `usr_4f9a…`: a kind and 64 random bits."""
    return f"{kind}_{secrets.token_hex(8)}"
