"""Whatever JSON comes to whatever route: never a 5xx, and what is relayed goes up with its own values."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")

ROUTES = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/embeddings",
    "/v1beta/models/gpt-4o:generateContent",
    "/v1beta/models/gpt-5.5:streamGenerateContent",
    "/v1/models/claude-haiku-4.5:countTokens",
    "/v1beta/models/text-embedding-3-small:embedContent",
    "/v1beta/models/text-embedding-3-small:batchEmbedContents",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
    "/api/show",
    "/api/pull",
]
WORDS = """model messages role content type text input prompt stream tools tool_choice name function parameters
max_tokens system stop thinking budget_tokens contents parts generationConfig requests options format images
tool_calls tool_call_id tool_use_id source data media_type reasoning effort include response_format metadata n"""
NAMES = st.sampled_from(WORDS.split())
MODELS = st.sampled_from(["gpt-4o", "gpt-5.5", "claude-haiku-4.5", "gemini-2.5-pro", "text-embedding-3-small"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["user", "assistant", "tool", "text", "image", "function", "auto", "\ud800"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "tool"]), "content": VALUES}))


def in_a_thread(check: Callable[[Callable[[Coroutine[Any, Any, T]], T]], None]) -> Coroutine[Any, Any, None]:
    """Run a synchronous law beside the loop on which bench and simulator are; it is given a way to await there."""
    loop = asyncio.get_running_loop()
    return asyncio.to_thread(check, lambda awaited: asyncio.run_coroutine_threadsafe(awaited, loop).result(60))


def sent(one: Bench, path: str, body: dict[str, Any]) -> Coroutine[Any, Any, Answer]:
    """The request, with escapes for all that is not ASCII, lone surrogates among it."""
    return one.send("POST", path, data=json.dumps(body).encode(), headers={"content-type": "application/json"})


@pytest.mark.proves("N12")
@pytest.mark.parametrize("path", ROUTES)
async def test_no_json_is_a_fault_of_ours(shared: Bench, path: str) -> None:
    def check(run: Callable[[Coroutine[Any, Any, Answer]], Answer]) -> None:
        @settings(max_examples=25)
        @given(
            st.dictionaries(NAMES, VALUES, max_size=5),
            MODELS | VALUES,
            MESSAGES | VALUES,
        )
        def law(body: dict[str, Any], model: object, messages: object) -> None:
            places = {"messages": messages, "input": messages, "contents": messages, "prompt": "hi"}
            answer = run(sent(shared, path, {**places, **body, "model": model}))
            assert answer.status < 500, answer.body

        law()

    await in_a_thread(check)


RELAYED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/v1/chat/completions": ("gpt-4o", "/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
    "/v1/responses": ("gpt-5.5", "/responses", {"input": "hi"}),
    "/v1/messages": (
        "claude-haiku-4.5",
        "/v1/messages",
        {"max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]},
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench that does not learn to leave a field out."""
    async with bench(tmp_path_factory.mktemp("strict"), config="[upstream]\nstrict = true\n") as one:
        yield one


@pytest.mark.proves("N12")
@pytest.mark.parametrize("path", RELAYED)
async def test_what_is_relayed_goes_up_with_its_own_values(strict: Bench, path: str) -> None:
    model, upstream, question = RELAYED[path]

    def check(run: Callable[[Coroutine[Any, Any, Answer]], Answer]) -> None:
        @settings(max_examples=25)
        @given(st.dictionaries(st.text(max_size=5).map("new_{}".format), VALUES, max_size=4))
        def law(more: dict[str, Any]) -> None:
            strict.forget()
            run(sent(strict, path, {"model": model, **question, **more}))
            went_up = json.loads(strict.sim.seen(upstream)[0].body)
            assert {name: went_up.get(name) for name in more} == more
            assert {name: went_up[name] for name in question} == question

        law()

    await in_a_thread(check)
