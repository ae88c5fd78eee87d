"""Another server on this machine, whose pages a test fills with what a hostile page would do."""

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web


@contextlib.asynccontextmanager
async def foreign_server() -> AsyncIterator[int]:
    """Its port. It answers to any name with an empty page."""

    async def empty(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>Elsewhere</title>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", empty)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
