"""What the user asked for, apart from which command: shared flags, environment and directories as one value."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from passenger.config.loading import Loaded
    from passenger.observe.log import Style
    from passenger.observe.redaction import Redactor

DEFAULT_PORT = 8081
"""The port of a server, unless the settings name another."""

SIMULATOR_PORT = 8082
"""The port of `passenger simulate`, unless --port is given."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The shared flags, each None where it was not given, and the world they were given in."""

    config_path: Path | None = None
    profile: str | None = None
    access_token_path: Path | None = None
    copilot_token_path: Path | None = None
    host: str | None = None
    port: int | None = None
    ollama_port: int | None = None
    workers: int | None = None
    await_login: bool | None = None
    ca_bundle: Path | None = None
    verbosity: int = 0
    quiet: bool = False
    log_format: "Style | None" = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def user_dir(self) -> Path:
        """The user's own config directory for us: `~/.config/passenger` on Linux. It need not exist.

        Raises:
            ConfigError: there is none, because HOME does not lead to one.
        """
        from platformdirs import user_config_path  # noqa: PLC0415 - --help does without

        return absolute(lambda: user_config_path("passenger", appauthor=False))

    @property
    def state_dir(self) -> Path:
        """Where what was learned is kept: `~/.local/state/passenger` on Linux. It need not exist."""
        from platformdirs import user_state_path  # noqa: PLC0415 - as above

        return absolute(lambda: user_state_path("passenger", appauthor=False))

    @property
    def login_name(self) -> str | None:
        """The user's own name for the chosen login, None for the one without a name.

        Raises:
            ConfigError: it is no name.
        """
        from passenger.config.login_name import choose_name  # noqa: PLC0415 - as above
        from passenger.config.problems import ConfigError, Problem  # noqa: PLC0415 - as above

        name = choose_name(self.profile, self.environ)
        if isinstance(name, Problem):
            raise ConfigError([name])
        return name

    @property
    def login_state_dir(self) -> Path:
        """The state directory of the chosen login: a server of another login has another secret.

        Raises:
            ConfigError: the login's name is none.
        """
        from passenger.config.login_name import home_of  # noqa: PLC0415 - as above

        return home_of(self.state_dir, self.login_name)

    @property
    def legacy_dir(self) -> Path:
        """Where passenger-rs keeps its tokens: `~/.config/passenger-rs` on every system."""
        home = self.environ.get("HOME") or self.environ.get("USERPROFILE")
        return Path(home, ".config", "passenger-rs") if home else self.user_dir.with_name("passenger-rs")

    @property
    def cwd(self) -> Path:
        """The working directory; the user's own where it was deleted, so that nothing is found in it."""
        try:
            return Path.cwd()
        except OSError:
            return self.user_dir

    def load(self) -> "Loaded":
        """The settings that apply.

        Raises:
            ConfigError: they cannot be used.
        """
        from passenger.config.login_name import SIMULATED  # noqa: PLC0415 - --help does without

        loaded = self._load_with({})
        if self.login_name != SIMULATED:
            return loaded
        from passenger.config.simulated import leads_to_one, settings  # noqa: PLC0415 - only this profile has a simulator

        return loaded if leads_to_one(loaded.config) else self._load_with(settings())

    def _load_with(self, more: Mapping[str, object]) -> "Loaded":
        from passenger.config.loading import load  # noqa: PLC0415 - --help does without

        return load(
            flags={
                "server.host": self.host,
                "server.port": self.port,
                "server.ollama_port": self.ollama_port,
                "server.workers": self.workers,
                "server.await_login": self.await_login,
                "log.format": self.log_format,
                "network.ca_bundle": None if self.ca_bundle is None else str(self.ca_bundle),
                **more,
            },
            config_path=self.config_path,
            environ=self.environ,
            cwd=self.cwd,
            user_dir=self.user_dir,
        )

    def start_log(self, style: "Style | None" = None) -> "Redactor":
        """Start logging as the flags and the environment say, in the style of the settings unless a flag names another.

        Secrets are to be added to the redactor given back.
        """
        from passenger.observe import log  # noqa: PLC0415 - --help does without
        from passenger.observe.redaction import Redactor  # noqa: PLC0415 - as above

        redactor = Redactor()
        log.setup(
            log.levels(self.environ, verbosity=self.verbosity, quiet=self.quiet),
            redactor=redactor,
            style=self.log_format
            or style
            or ("json" if self.environ.get("PASSENGER_LOG_FORMAT") == "json" else "text"),
            color=log.wants_color(sys.stderr, self.environ),
        )
        return redactor

    def begin(self) -> tuple["Loaded", "Redactor"]:
        """Load the settings and start the log, which gets their warnings: how a command that serves begins.

        Raises:
            ConfigError: the settings cannot be used.
        """
        import logging  # noqa: PLC0415 - --help does without

        loaded = self.load()
        redactor = self.start_log("json" if loaded.config.log.format == "json" else "text")
        for warning in loaded.warnings:
            logging.getLogger(__name__).warning("%s", warning)
        return loaded, redactor


def absolute(find: Callable[[], Path]) -> Path:
    """The user's directory from platformdirs. A relative path is refused: it would depend on the working directory.

    Raises:
        ConfigError: there is none: new versions of platformdirs raise RuntimeError then, old ones give `~/...` back.
    """
    try:
        path = find()
    except RuntimeError:
        path = Path()
    if path.is_absolute():
        return path
    from passenger.config.problems import ConfigError, Problem, SettingOrigin  # noqa: PLC0415 - only a failure needs it

    raise ConfigError(
        [Problem(SettingOrigin("environment", "HOME"), "must be set to your home directory: you have no other")]
    )
