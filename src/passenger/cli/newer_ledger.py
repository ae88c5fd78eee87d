"""Refuses to serve on a ledger of a newer Passenger: what it costs would not be kept."""

from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_ledger
from passenger.config.problems import ConfigError, Problem
from passenger.ledger.version import NewerSchemaError, check_head


def refuse_newer_ledger(invocation: Invocation, loaded: Loaded) -> None:
    """See that the ledger, if there is one, is not of a newer Passenger. Any other trouble is told while serving.

    Raises:
        ConfigError: it is.
    """
    path = find_ledger(invocation, loaded)
    if not loaded.config.ledger.enabled:
        return
    try:
        check_head(path)
    except NewerSchemaError as error:
        from passenger.ledger.trouble import trouble_of  # noqa: PLC0415 - it loads SQLite

        problem = Problem(loaded.origins["ledger.path"], f"[ledger] path: {trouble_of(error, path)}")
        raise ConfigError([problem]) from error
