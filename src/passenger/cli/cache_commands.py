"""The commands about the cache: flags, help, and what is imported to run each."""

from typing import Any

import click

from passenger.cli.command import Commands, start

_WHOSE = ("config_path", "profile")


def declare_cache_commands(commands: Commands) -> None:
    """Declare `cache stats` and `cache clear`."""
    cache = commands.group("cache", "See what the cache has saved, and throw away what it keeps.")

    @cache.command("stats", meant=_WHOSE)
    @click.option("--since", metavar="WHEN", default="month", show_default=True, help="7d, 24h, 2026-11-01, month.")
    @click.option("--json", "as_json", is_flag=True, help="For programs.")
    def stats(invocation: Any, *, since: str, as_json: bool) -> int:
        """Tell what the cache did for each model, and what that saved."""
        return start("passenger.cli.cache:show_stats", invocation, since=since, json=as_json)

    @cache.command("clear", meant=_WHOSE)
    def clear(invocation: Any) -> int:
        """Throw away what running servers keep."""
        return start("passenger.cli.cache:clear", invocation)
