"""Where a server listens: its sockets, the addresses as lines and URLs, and what it will go without."""

import logging
import socket
from pathlib import Path

from passenger.account.protocol import is_fine_grained
from passenger.account.token import Login
from passenger.account.token_store import FileTokenStore
from passenger.cli.outcome import complain
from passenger.config.invocation import DEFAULT_PORT, Invocation
from passenger.config.loading import Loaded
from passenger.net.origin import bracketed
from passenger.private_file import PrivateFile, StoreError
from passenger.server.control.handshake import read_secret
from passenger.server.process.listen import PortTakenError
from passenger.server.process.sockets import open_sockets

log = logging.getLogger(__name__)

FORGETFUL = "{}: what this server learns is forgotten when it ends"
UNKNOWN = "{}, and `launch`, `setup` and `status` will not know it as yours"


def unwritable(state_dir: Path) -> str | None:
    """What a server goes without where nothing can be written into the state directory."""
    try:
        PrivateFile(state_dir / "learned.json").check_writable()
    except (StoreError, OSError) as error:
        told = FORGETFUL.format(error)
        return told if read_secret(state_dir) else UNKNOWN.format(told)
    return None


def log_start(
    sockets: list[socket.socket], token_store: FileTokenStore, loaded: Loaded | None, *, has_team: bool = False
) -> None:
    """Log that we serve and, with the settings, at which addresses."""
    log.info("%s", start_line(sockets, token_store))
    if loaded is not None:
        log.info("%s", addresses_line(sockets, loaded, has_team=has_team))


def open_or_complain(loaded: Loaded, *, has_team: bool = False) -> list[socket.socket] | None:
    """The sockets that the settings ask for, None (and a word on stderr) where they cannot be had.

    Raises:
        ConfigError: the settings cannot be served with.
    """
    server = loaded.config.server
    try:
        return open_sockets(loaded, has_team=has_team)
    except PortTakenError as error:
        complain(str(error))
    except OSError as error:
        complain(f"cannot listen on {server.host} port {server.port}: {error.strerror or error}")
    return None


def start_line(sockets: list[socket.socket], token_store: FileTokenStore) -> str:
    """Where we listen, and on whose login."""
    login = token_store.login()
    whose = f"login from {login.where}" if login else _without_login(sockets, token_store)
    return f"Passenger serves {base_url(sockets)}  ({whose})"


def _without_login(sockets: list[socket.socket], token_store: FileTokenStore) -> str:
    if token_store.load() is not None:
        return "no login, only a Copilot token that will expire"
    page = base_url(sockets).removesuffix("v1")
    return f"nobody is logged in yet: open {page} or {token_store.log_in}"


def addresses_line(sockets: list[socket.socket], loaded: Loaded, *, has_team: bool = False) -> str:
    """The address for all clients but OpenAI's, and the key that they need."""
    url, keys = base_url(sockets).removesuffix("/v1"), key_note(loaded, has_team=has_team)
    second = f", Ollama {ollama}" if (ollama := ollama_url(sockets, loaded)) else ""
    return f"Anthropic, Gemini, Ollama: {url}{second}  (API key: {f'one of {keys}' if keys else 'anything'})"


def identity_notes(loaded: Loaded, login: Login | None) -> list[str]:
    """What whoever starts a server is to know about the identity that it asks by."""
    notes = list[str]()
    if login is not None and is_fine_grained(login.token):
        identity = loaded.config.copilot.integration_id
        notes.append(
            f"the login is a fine-grained personal access token, sent to Copilot as it is, as integration {identity}: "
            "it is one person's, and was never tried with the real service (docs/credentials.md)"
        )
    if loaded.config.team.share_personal_seat == "i-understand":
        notes.append(
            "[team] share_personal_seat is set: people without a seat use the seat of one person, which GitHub sells "
            "for that person alone (docs/terms.md)"
        )
    return notes


def ports_of(sockets: list[socket.socket]) -> list[int]:
    """The ports that we listen on, each once: a name may have several addresses."""
    return list(dict.fromkeys(one.getsockname()[1] for one in sockets))


def port_flag(sockets: list[socket.socket]) -> str:
    """The flag that leads to this server, empty where it has the usual port."""
    port = sockets[0].getsockname()[1]
    return "" if port == DEFAULT_PORT else f" --port {port}"


def repeat_port(invocation: Invocation, port: int) -> str:
    """The flag for the port of a server that was started with one, be it the default: the settings may name another."""
    return "" if invocation.port is None else f" --port {port}"


def ollama_url(sockets: list[socket.socket], loaded: Loaded) -> str | None:
    """The second address, None where there is none."""
    port = loaded.config.server.ollama_port
    return f"{base_url(sockets).removesuffix('/v1').rpartition(':')[0]}:{port}" if port else None


def key_note(loaded: Loaded, *, has_team: bool = False) -> str:
    """The settings that hold keys, and the command that makes a team's; empty if none is needed."""
    server = loaded.config.server
    named = {"api_keys": bool(server.api_keys), "api_key_file": bool(server.api_key_file), "`keys create`": has_team}
    return ", ".join(name for name, is_set in named.items() if is_set)


def base_url(sockets: list[socket.socket]) -> str:
    """The base URL for an OpenAI client."""
    host, port = sockets[0].getsockname()[:2]
    return f"http://{bracketed(host)}:{port}/v1"
