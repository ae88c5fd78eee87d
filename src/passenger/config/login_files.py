"""Which token files, environment and state directory belong to the login and the hosts that the settings mean."""

from collections.abc import Mapping
from pathlib import Path

from passenger.account.token import LoginSource
from passenger.account.token_store import FileTokenStore, TokenPaths, token_paths
from passenger.config.credentials import GITHUB_HOST
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_name import FLAG, home_of, login_hint
from passenger.config.problems import ConfigError, Problem, SettingOrigin
from passenger.config.profile import directory_of, is_githubs_own, login_profile, state_profile
from passenger.config.schema import Config
from passenger.observe.redaction import Redactor

LEDGER = "ledger.sqlite"


def find_token_paths(invocation: Invocation, loaded: Loaded) -> TokenPaths:
    """The token files that the flags or settings ask for, or the user's own for the login and the hosts that are meant.

    passenger-rs knows no other files than those of one login at github.com.
    """
    profile = login_profile(loaded.config)
    legacy = invocation.legacy_dir if profile == GITHUB_HOST and invocation.login_name is None else None
    return token_paths(find_logins_dir(invocation, loaded), legacy, *_requested_paths(invocation, loaded))


def find_logins_dir(invocation: Invocation, loaded: Loaded) -> Path:
    """Where the token files are unless a path is asked for."""
    return directory_of(home_of(invocation.user_dir, invocation.login_name), login_profile(loaded.config))


def _requested_paths(invocation: Invocation, loaded: Loaded) -> tuple[Path | None, Path | None]:
    """The paths of the flags, else of the settings, which hold for the login without a name."""
    flags = invocation.access_token_path, invocation.copilot_token_path
    if invocation.profile is not None and any(flags):
        raise ConfigError(
            [Problem(SettingOrigin("flag", FLAG), "leave it out where a flag names the token file itself")]
        )
    account, name = loaded.config.account, invocation.login_name
    access, copilot = ("", "") if name else (account.access_token_path, account.copilot_token_path)
    return flags[0] or _expand(access), flags[1] or _expand(copilot)


def _expand(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def make_token_store(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> FileTokenStore:
    """The token files, and the login in the environment."""
    environ, hint = login_environment(invocation, loaded), login_hint(invocation)
    return FileTokenStore(find_token_paths(invocation, loaded), environ, on_secret=redactor.add_passing, log_in=hint)


def login_environment(invocation: Invocation, loaded: Loaded) -> Mapping[str, str]:
    """The environment in which a login is looked for; gh's own is for GitHub's own hosts alone.

    Who names a login means that one: the environment's is not looked at.
    """
    if invocation.login_name is not None:
        return {}
    environ = dict(invocation.environ)
    if not is_githubs_own(login_profile(loaded.config)):
        environ.pop(LoginSource.GH.value, None)
    return environ


def find_state_dir(invocation: Invocation, loaded: Loaded) -> Path:
    """Where is kept what was learned at the hosts that are set."""
    return directory_of(invocation.login_state_dir, state_profile(loaded.config))


def find_ledger(invocation: Invocation, loaded: Loaded) -> Path:
    """The file of the ledger for the login and the hosts that are meant. It need not exist."""
    return ledger_file(loaded.config, find_state_dir(invocation, loaded))


def find_state_file(invocation: Invocation, loaded: Loaded) -> Path:
    """The file of kept conversations for the login and the hosts that are meant. It need not exist."""
    return state_file(find_state_dir(invocation, loaded))


def state_file(state_dir: Path) -> Path:
    """The file of kept conversations, where they are kept on disk."""
    return state_dir / "state.sqlite"


def find_team_file(invocation: Invocation, loaded: Loaded) -> Path:
    """The file of the team for the login and the hosts that are meant. It need not exist."""
    return team_file(find_state_dir(invocation, loaded))


def has_team(invocation: Invocation, loaded: Loaded) -> bool:
    """Whether there is a team, so that nobody is let in without a key."""
    return loaded.config.team.enabled or find_team_file(invocation, loaded).exists()


def team_file(state_dir: Path) -> Path:
    """The file of the team's people and keys."""
    return state_dir / "team.sqlite"


def counters_file(state_dir: Path) -> Path:
    """The file in which several workers count together what limits allow."""
    return state_dir / "counters.db"


def ledger_file(config: Config, state_dir: Path) -> Path:
    """The file of the ledger: the one that is set, or our own in the state directory."""
    return _expand(config.ledger.path) or state_dir / LEDGER
