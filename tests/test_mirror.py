"""Each source file has the test file of its name, or a named one that proves it."""

import functools
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src" / "passenger"

GOLDEN, FORMATS, RUNNING = "clients/test_golden.py", "edits/test_formats.py", "server/test_relay.py"
ELSEWHERE = {
    # a program of the field: what it is told is compared with what it takes, program by program
    "clients/aider.py": GOLDEN,
    "clients/cline.py": GOLDEN,
    "clients/continue_.py": GOLDEN,
    "clients/copilot.py": GOLDEN,
    "clients/crush.py": GOLDEN,
    "clients/droid.py": GOLDEN,
    "clients/goose.py": GOLDEN,
    "clients/llm.py": GOLDEN,
    "clients/open_webui.py": GOLDEN,
    "clients/pi.py": GOLDEN,
    "clients/qwen.py": GOLDEN,
    "clients/vscode.py": GOLDEN,
    "clients/zed.py": GOLDEN,
    # one law for every format, and what they share
    "edits/edit.py": FORMATS,
    "edits/steps.py": FORMATS,
    "edits/toml.py": FORMATS,
    "edits/yaml.py": FORMATS,
    "edits/files.py": "edits/test_journal.py",
    "edits/receipts.py": "edits/test_journal.py",
    # values, which whatever works with them makes
    "account/token.py": "account/test_token_store.py",
    "chat/prompt.py": "dialects/test_registry.py",
    "copilot/call.py": "copilot/test_upstream.py",
    "errors.py": "dialects/test_registry.py",
    "cli/cache_commands.py": "cli/test_group.py",
    "cache/flight.py": "cache/test_chats.py",
    "cache/caching_upstream.py": "cache/test_chats.py",
    "state/serving.py": "state/test_remote.py",
    "state/calls.py": "state/test_remote.py",
    "state/stored.py": "state/test_memory.py",
    "state/store.py": "state/test_memory.py",
    "state/event_logs.py": "state/test_memory.py",
    "state/state_file.py": "state/test_sqlite.py",
    "state/trees.py": "state/test_sqlite.py",
    "state/response_rows.py": "state/test_sqlite.py",
    "state/conversation_rows.py": "state/test_sqlite.py",
    "secret.py": "observe/test_redaction.py",
    "net/exceptions.py": "net/test_network_failure.py",
    "net/error_text.py": "net/test_network_failure.py",
    # a part of a dialect, read and written whole
    "dialects/anthropic/cache_points.py": "dialects/test_cache_points.py",
    "dialects/anthropic/counting.py": "server/test_any_model.py",
    "dialects/anthropic/stream_events.py": "dialects/anthropic/test_stream_in.py",
    "dialects/openai/chat/errors.py": "dialects/test_registry.py",
    # a part of a connection, which is judged by its bytes
    "net/content_decoding.py": "net/test_client.py",
    "net/response.py": "net/test_client.py",
    "server/http/service.py": "server/test_leaving.py",
    # from outside, through a process that serves
    "gateway/gateway.py": RUNNING,
    "gateway/translator.py": "gateway/test_translate.py",
    "server/api/turns.py": "server/api/test_stored_responses.py",
    "dialects/openai/responses/conversations.py": "server/api/test_conversations.py",
    "server/api/listing.py": "server/api/test_stored_responses.py",
    "gateway/web_search.py": "server/test_web_search.py",
    "gateway/search_loop.py": "server/test_web_search.py",
    "gateway/search_server.py": "server/test_web_search.py",
    "gateway/counting.py": "server/test_any_model.py",
    "server/answer.py": "server/test_request_path.py",
    "server/app.py": RUNNING,
    "server/api/non_chat.py": "server/test_any_model.py",
    "server/login_gate.py": "server/test_await_login.py",
    "server/process/event_loop.py": RUNNING,
    "server/process/signals.py": "server/test_shutdown.py",
    "server/process/worker.py": "server/test_workers.py",
    "server/process/worker_states.py": "server/test_workers.py",
    "cli/serve/serve.py": "server/test_shutdown.py",
    "cli/setup/proof.py": "cli/setup/test_setup.py",
    "cli/commands.py": "cli/test_group.py",
    "server/admin/call.py": "server/admin/test_routes.py",
    "server/admin/changes.py": "server/admin/test_routes.py",
    "server/admin/own.py": "server/admin/test_routes.py",
    "server/admin/problems.py": "server/admin/test_routes.py",
    "server/admin/resources.py": "server/admin/test_routes.py",
    "cli/team/commands.py": "cli/team/test_keys.py",
    "config/egress.py": "server/test_networks.py",
    "config/keyfile.py": "server/test_key_file.py",
    "config/login_files.py": "cli/test_profiles.py",
    "ledger/backlog.py": "ledger/test_observer.py",
    "ledger/writer.py": "ledger/test_observer.py",
    "config/simulated.py": "cli/serve/test_simulate.py",
}
"""The sources whose proof is in a file of another name."""

FUNCTION = re.compile(r"^ *(async )?def \w", re.MULTILINE)
"""Each worker of the tests reads all sources before it runs one: to parse them takes as long as to collect 1,000."""


@functools.cache
def sources() -> list[str]:
    """Everything that does something, outside the simulator, by its path."""
    found = [path.relative_to(SOURCES) for path in sorted(SOURCES.rglob("*.py")) if not path.name.startswith("__")]
    return [one.as_posix() for one in found if one.parts[0] != "simulator" and does_something(SOURCES / one)]


def does_something(path: Path) -> bool:
    """Whether there is a function in it: constants and the fields of values prove themselves where they are used."""
    return FUNCTION.search(path.read_text(encoding="utf-8")) is not None


def mirrored(source: str) -> Path:
    """The test file of a source's name."""
    path = TESTS / source
    return path.with_name(f"test_{path.name}")


@pytest.mark.parametrize("source", sources())
def test_a_source_has_a_test_file_of_its_name_or_one_that_is_named(source: str) -> None:
    assert mirrored(source).exists() != (source in ELSEWHERE)
    assert source not in ELSEWHERE or (TESTS / ELSEWHERE[source]).exists()


def test_none_is_named_that_is_gone() -> None:
    assert set(ELSEWHERE) <= set(sources())
