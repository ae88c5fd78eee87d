"""What a setting may be: a check of the value a TOML file holds, and how the same value is written as text."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from passenger.config.address import read_address
from passenger.config.problems import nearest
from passenger.limits import Unit
from passenger.net.hosts import read_host
from passenger.secret import Secret

CLIENTS = frozenset(
    {
        *("aider", "claude", "cline", "codex", "continue", "copilot", "crush", "droid"),
        *("gemini", "goose", "llm", "open-webui", "opencode", "pi", "qwen", "vscode", "zed"),
    }
)
"""All of them; they stand here a second time, so that reading the settings imports no client."""


_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_HOST = re.compile(r"[A-Za-z0-9:%._-]+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_KEY = re.compile(r"[!-~]+")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._\-\[\]:]+")
_A_YEAR = 31_536_000
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class SettingKind:
    """`check` gives the value as it will be used, `read` turns an environment variable's text into one to check.

    Both raise ValueError, whose text completes the sentence "the setting ...".
    """

    check: Callable[[object], object]
    read: Callable[[str], object] = str


def describe(value: object) -> str:
    """A wrong value, short, for a message."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {json.dumps(value, ensure_ascii=False) if len(value) <= 40 else 'given'}"
        case dict():
            return "a table"
        case list():
            return "an array"
        case _:
            return str(value)[:40]


def _whole(value: object, *, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"must be a whole number from {low} to {high}, not {describe(value)}")
    return value


def _read_whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text.strip()) else text


def _seconds(value: object, *, zero: bool) -> float:
    low = "0" if zero else "above 0"
    is_outside = isinstance(value, int | float) and (not 0 <= value <= _A_YEAR or (value == 0 and not zero))
    if isinstance(value, bool) or not isinstance(value, int | float) or is_outside:
        raise ValueError(f"must be a number of seconds from {low} to {_A_YEAR}, not {describe(value)}")
    return value


def _read_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {describe(value)}")  # noqa: TRY004 - a kind raises ValueError alone
    if not value:
        raise ValueError("must not be empty; leave it out to get the default")
    return value


def _header_value(value: object) -> str:
    text = _text(value)
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError("must be plain ASCII on one line, without spaces around it: it is sent to GitHub as it is")
    return text


def _url(value: object) -> str:
    text = _text(value)
    address = read_address(text)
    if address.has_user:
        raise ValueError("must not carry a user name or password")
    if address.scheme == "http" and not address.is_this_machine:
        raise ValueError(f"must be https: only this machine may be asked over http, and {address.host} is not")
    return text


def _public_url(value: object) -> str:
    if value == "":
        return ""
    url = urlsplit(_url(value))
    if url.scheme != "https" or url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("must be https, a host and perhaps a port, such as https://passenger.example")
    return f"https://{url.netloc.lower()}"


def _base_url(value: object) -> str:
    text = _url(value)
    if read_address(text).has_query:
        raise ValueError("must end with its path: no ? and no #")
    return text.rstrip("/")


def _host(value: object) -> str:
    text = _text(value)
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not _HOST.fullmatch(bare) or bare.count(":") == 1:
        raise ValueError("must be an address or host name alone, such as 127.0.0.1, ::1 or localhost")
    return bare


def _path(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"must be the name of a file, not {describe(value)}")
    return value


def _line(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_LINE or not value.isprintable():
        raise ValueError(f"must be text on one line, of {_LONGEST_LINE} characters at most, not {describe(value)}")
    return value


def _aliases(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table of names to model ids, not {describe(value)}")  # noqa: TRY004 - as above
    for name, model in value.items():
        if not name or not isinstance(model, str) or not model:
            raise ValueError(f"must give each name a model id as text; {describe(name)} has {describe(model)}")
    return dict(value)


def _client_models(value: object) -> Mapping[str, str]:
    models = _aliases(value)
    for name in models:
        if name not in CLIENTS:
            near = nearest(name, CLIENTS)
            hint = f"did you mean {near}?" if near else ", ".join(sorted(CLIENTS))
            raise ValueError(f"there is no client {name!r}; {hint}")
    return models


def _read_aliases(text: str) -> object:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError('must be JSON such as {"fast": "gpt-4.1"}') from None
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError('must be fast=gpt-4.1,smart=gpt-5 or JSON such as {"fast": "gpt-4.1"}')
    return {name.strip(): model.strip() for name, _, model in pairs}


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {describe(value)}")  # noqa: TRY004 - as above
    return value


def _read_truth(text: str) -> object:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().casefold(), text)


def _choice(value: object, *, of: tuple[str, ...]) -> str:
    if value not in of:
        raise ValueError(f"must be one of {', '.join(of)}, not {describe(value)}")
    return str(value)


def _texts(value: object, what: str) -> list[str]:
    """The items of an array of texts; `what` says what they are."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"must be an array of {what} in quotes, not {describe(value)}")
    return list(value)


def _read_texts(text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()]


def _api_keys(value: object) -> tuple[Secret, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) and _KEY.fullmatch(key) for key in value):
        raise ValueError("must be an array of keys: plain ASCII in quotes, without spaces")
    return tuple(Secret(key) for key in dict.fromkeys(value))


def _hosts(value: object) -> tuple[str, ...]:
    hosts = {name: read_host(name.encode()) for name in _texts(value, "host names")}
    if wrong := next((name for name, host in hosts.items() if host is None or host != name.lower().strip("[]")), None):
        raise ValueError(f"must be host names alone, such as proxy.example, without a port; not {describe(wrong)}")
    return tuple(str(host) for host in hosts.values())


def _origins(value: object) -> tuple[str, ...]:
    origins = _texts(value, "origins")
    if wrong := next((origin for origin in origins if not _ORIGIN.fullmatch(origin)), None):
        raise ValueError(f"must be origins, such as https://chat.example or app://obsidian.md; not {describe(wrong)}")
    return tuple(origin.lower() for origin in origins)


def _fixed_path(value: object) -> str:
    """A file that is the same from every directory, or none."""
    text = _path(value)
    if text and not (text.startswith("~") or Path(text).is_absolute()):
        raise ValueError(f"must be an absolute path, or one that begins with ~, not {describe(text)}")
    return text


PORT = SettingKind(partial(_whole, low=0, high=65535), _read_whole)
WORKERS = SettingKind(partial(_whole, low=1, high=64), _read_whole)
DAYS = SettingKind(partial(_whole, low=1, high=36_500), _read_whole)
SECONDS = SettingKind(partial(_seconds, zero=False), _read_number)
SECONDS_OR_NONE = SettingKind(partial(_seconds, zero=True), _read_number)
URL = SettingKind(_url)
BASE_URL = SettingKind(_base_url)
PUBLIC_URL = SettingKind(_public_url)
HOST = SettingKind(_host)
PATH = SettingKind(_path)
LINE = SettingKind(_line)
HEADER = SettingKind(_header_value)
LOG_FORMAT = SettingKind(partial(_choice, of=("text", "json")))
BOOL = SettingKind(_truth, _read_truth)
ALIASES = SettingKind(_aliases, _read_aliases)
CLIENT_MODELS = SettingKind(_client_models, _read_aliases)
API_KEYS = SettingKind(_api_keys, _read_texts)
HOSTS = SettingKind(_hosts, _read_texts)
ORIGINS = SettingKind(_origins, _read_texts)
FILE_OR_NONE = SettingKind(lambda value: _text(value) if value != "" else "")
FIXED_PATH = SettingKind(_fixed_path)
KEEPING = SettingKind(partial(_choice, of=("disk", "memory")))
SHARING = SettingKind(partial(_choice, of=("no", "i-understand")))
STATE = SettingKind(partial(_choice, of=("memory", "disk", "none")))
BYTES_OR_OWN = SettingKind(partial(_whole, low=0, high=1 << 40), _read_whole)
"""Bytes; 0 for our own choice."""
MEGABYTES = SettingKind(partial(_whole, low=1, high=1 << 16), _read_whole)
CACHE_SCOPE = SettingKind(partial(_choice, of=("user", "key", "seat")))
SEARCHER = SettingKind(partial(_choice, of=("copilot", "searxng", "brave", "none")))
BREAKER_ACTION = SettingKind(partial(_choice, of=("off", "warn", "pause")))
COUNT_OR_NONE = SettingKind(partial(_whole, low=0, high=1_000_000), _read_whole)
STEPS_OR_NONE = SettingKind(partial(_whole, low=0, high=7), _read_whole)
URL_OR_NONE = SettingKind(lambda value: _url(value) if value != "" else "")
SEARCHES = SettingKind(partial(_whole, low=0, high=1_000_000), _read_whole)
PLACES = SettingKind(partial(_whole, low=0, high=100_000), _read_whole)
ON_FAILURE = SettingKind(partial(_choice, of=("open", "closed")))
AT_ONCE = SettingKind(partial(_whole, low=1, high=1_000), _read_whole)
LIMITS: Mapping[Unit, SettingKind] = {
    "seconds": SECONDS,
    "bytes": SettingKind(partial(_whole, low=1024, high=1 << 32), _read_whole),
    "number": SettingKind(partial(_whole, low=4, high=1_000_000), _read_whole),
    "characters": SettingKind(partial(_whole, low=16, high=1_000_000), _read_whole),
    "levels": SettingKind(partial(_whole, low=16, high=500), _read_whole),
}
"""What a limit may be, by its unit."""
