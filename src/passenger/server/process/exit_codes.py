"""The exit codes, as gh has them (`gh help exit-codes`) plus the shell's own for an interrupt."""

from collections.abc import Mapping

OK = 0
FAILED = 1
USAGE = 2
LOGIN_NEEDED = 4
INTERRUPTED = 130

EXIT_CODES: Mapping[int, str] = {
    OK: "it worked",
    FAILED: "it failed",
    USAGE: "wrong usage or configuration",
    LOGIN_NEEDED: "a login is needed: run `passenger login`",
    INTERRUPTED: "interrupted (Ctrl-C)",
}
