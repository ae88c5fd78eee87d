"""A well-behaved client: one chat request and what went wrong with its answer."""

import aiohttp

from stress.served import Served

CHAT = "/v1/chat/completions"
UP = "/chat/completions"
"""Where the same request arrives upstream."""

PATIENCE = 60
"""Seconds after which even a request on a busy machine has failed."""


def http() -> aiohttp.ClientSession:
    """Connections without end, kept alive."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)


async def asked(
    client: aiohttp.ClientSession, served: Served, text: str, *, path: str = CHAT, padding: str = ""
) -> str:
    """What went wrong with one request; empty where nothing did."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "user": padding}
    try:
        async with client.post(served.url + CHAT, json=body) as answer:
            said = await answer.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"{text}: {error!r}"
    return "" if answer.status == 200 and text in said else f"{text}: {answer.status} {said[:200]}"
