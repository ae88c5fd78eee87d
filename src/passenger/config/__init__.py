"""The settings: what there is to set, where each value comes from, and where credentials may therefore go.

address      a URL read strictly; loopback or not
credentials  which URLs may be sent a token
kinds        what a setting may be
keyfile      the file of API keys
schema       every setting and its default
problems     ConfigError: all that is wrong, with file and line
sources      a file, the environment, the flags -> entries
loading      the order of precedence
"""

from passenger.config.credentials import Credentials
from passenger.config.loading import Loaded, load
from passenger.config.problems import ConfigError, Origin, Problem
from passenger.config.schema import Config, Copilot, Github, Models, Network, Proxy, Server

__all__ = [
    "Config",
    "ConfigError",
    "Copilot",
    "Credentials",
    "Github",
    "Loaded",
    "Models",
    "Network",
    "Origin",
    "Problem",
    "Proxy",
    "Server",
    "load",
]
