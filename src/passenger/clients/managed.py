"""Arguments that a launch sets by itself, found among those that the user adds."""

from collections.abc import Iterable, Sequence


def refused(managed: Iterable[str], arguments: Sequence[str]) -> str | None:
    """The first argument of the user's that is set by the launch already, as it is managed; None where none is."""
    flags = [flag for flag in managed if " " not in flag]
    settings = [flag.partition(" ")[::2] for flag in managed if " " in flag]
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for place, argument in enumerate(ours):
        if (flag := next((one for one in flags if _is(one, argument)), None)) is not None:
            return flag
        for flag, name in settings:
            if any(_sets(text, name) for text in _values(flag, ours, place)):
                return f"{flag} {name}"
    return None


def _is(flag: str, argument: str) -> bool:
    return argument == flag or argument.startswith(f"{flag}=") or _is_joined(flag, argument)


def _is_joined(flag: str, argument: str) -> bool:
    """Whether a short flag has its value behind it without a space."""
    return len(flag) == 2 and argument.startswith(flag) and not argument.startswith("--")


def _values(flag: str, arguments: Sequence[str], place: int) -> Iterable[str]:
    """The value that a flag is given there: `-c x`, `--config x`, `--config=x`, `-cx`."""
    argument, after = arguments[place], arguments[place + 1 : place + 2]
    long = {"-c": "--config"}.get(flag, flag)
    if argument in {flag, long}:
        return after
    if argument.startswith(f"{long}="):
        return [argument.removeprefix(f"{long}=")]
    return [argument.removeprefix(flag).removeprefix("=")] if _is_joined(flag, argument) else []


def _sets(text: str, name: str) -> bool:
    key = text.partition("=")[0].strip()
    return key == name or key.startswith(f"{name}.")
