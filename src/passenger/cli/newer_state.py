"""Refuses to serve on kept conversations of a newer Passenger: nothing would be kept on disk, as it was asked for."""

from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_state_file
from passenger.config.problems import ConfigError, Problem


def refuse_newer_state(invocation: Invocation, loaded: Loaded) -> None:
    """See that the state file, if there is one, is ours to write. Any other trouble is told while serving.

    Raises:
        ConfigError: it is not.
    """
    if loaded.config.state.keep != "disk":
        return
    from passenger.state.schema import ForeignFileError, check_state_head  # noqa: PLC0415 - it loads SQLite

    path = find_state_file(invocation, loaded)
    try:
        check_state_head(path)
    except ForeignFileError as error:
        problem = Problem(loaded.origins["state.keep"], f'[state] keep = "disk": {path} cannot be used: {error}')
        raise ConfigError([problem]) from error
