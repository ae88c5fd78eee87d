"""Refuses to serve on a team's file that is not ours to use: whose keys are accepted could not be told."""

from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_team_file
from passenger.config.problems import ConfigError, Problem
from passenger.team.version import ForeignTeamFileError, check_team_head


def refuse_foreign_team(invocation: Invocation, loaded: Loaded) -> None:
    """See that the team's file, if there is one, is of no newer Passenger and of no other program.

    Raises:
        ConfigError: it is.
    """
    path = find_team_file(invocation, loaded)
    try:
        check_team_head(path)
    except ForeignTeamFileError as error:
        raise ConfigError([Problem(loaded.origins["team.enabled"], f"{path} cannot be used: {error}")]) from error
