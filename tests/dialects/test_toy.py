"""A sixth dialect is a folder and a line: the toy keeps every law that the others keep, and is served like them."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from fuzz.answers import asking, clients
from fuzz.answers import law as answers
from fuzz.requests import TELLERS, Told, requests, sending
from fuzz.requests import law as law_of_requests
from hypothesis import given
from hypothesis import strategies as st

import passenger
from passenger.dialects.registry import OUTBOUND
from tests.dialects import toy
from tests.dialects.toy import speaking
from tests.server.bench import Bench, bench

PATHS = {outbound.name: outbound.path for outbound in OUTBOUND}
apis = pytest.mark.parametrize("api", sorted(PATHS))


@pytest.fixture(scope="module", autouse=True)
def spoken() -> Iterator[None]:
    """Let the laws know of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sending.INBOUNDS, "toy", toy.INBOUND)
        patch.setitem(TELLERS, "toy", speaking.tell)
        patch.setitem(law_of_requests.KNOWN_TO, "toy", speaking.KNOWN_TO)
        patch.setitem(asking.QUESTIONS, "toy", speaking.QUESTION)
        patch.setitem(clients.READERS, "toy", speaking.Client)
        yield


@apis
def test_a_request_is_refused_or_taken_by_copilot_and_nothing_is_lost_unnamed(api: str) -> None:
    models = [model for model, paths in sending.SPEAKS.items() if PATHS[api] in paths]

    @given(requests("toy"), st.sampled_from(models))
    def law(told: Told, model: str) -> None:
        law_of_requests.must_arrive(told, model)

    law()


@apis
def test_an_answer_that_is_told_in_an_odd_way_arrives_exactly_and_ends_once(api: str) -> None:
    @given(answers.faithful(api))
    def law(told: answers.Told) -> None:
        answers.must_arrive(told, "toy")

    law()


@apis
def test_an_answer_that_is_told_wrongly_ends_once_and_no_lost_text_ends_well(api: str) -> None:
    @given(answers.mutated(api))
    def law(told: answers.Told) -> None:
        answers.must_end_once(told, "toy")

    law()


# --- over a socket ---------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A server from a copy of the package that has the toy's folder and its line."""
    copy = tmp_path_factory.mktemp("copy") / "passenger"
    shutil.copytree(Path(passenger.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        Path(toy.__file__).parent, copy / "dialects" / "toy", ignore=shutil.ignore_patterns("*.pyc", "speaking.py")
    )
    registry = copy / "dialects" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    line = "from passenger.dialects import toy\n\nDIALECTS: tuple[Dialect, ...] = (\n    toy.DIALECT,\n"
    registry.write_text(text.replace("\nDIALECTS: tuple[Dialect, ...] = (\n", line), encoding="utf-8")
    async with bench(tmp_path_factory.mktemp("bench"), env={"PYTHONPATH": str(copy.parent)}) as one:
        yield one


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_served(served: Bench) -> None:
    for model in ("gpt-4o", "claude-sonnet-4.5", "gpt-5.5"):
        whole = await served.send("POST", "/toy/say", json={**speaking.QUESTION, "model": model})
        assert (whole.status, whole.json()["done"]) == (200, True)
        streamed = await served.send("POST", "/toy/say", json={**speaking.QUESTION, "model": model, "stream": True})
        heard = clients.Heard()
        for data in streamed.data:
            speaking.Client()(heard, data.decode())
        assert (heard.text, heard.ends, heard.errors) == (whole.json()["response"], 1, 0)
        assert heard.text


@pytest.mark.asyncio(loop_scope="module")
async def test_what_it_has_besides_a_chat_is_declared_in_its_folder_alone(served: Bench) -> None:
    asked = {"model": "text-embedding-3-small", "words": "Hello"}
    embedded = (await served.send("POST", "/toy/embed", json=asked)).json()
    assert (len(embedded["numbers"]), embedded["tokens"] > 0) == (1536, True)
    for model in ("gpt-4o", "claude-sonnet-4.5"):
        counted = (await served.send("POST", "/toy/count", json={**speaking.QUESTION, "model": model})).json()
        assert counted["tokens"] > 0
    refused = await served.send("POST", "/toy/embed", json={"model": "text-embedding-3-small"})
    assert (refused.status, refused.json()["field"]) == (400, "words")


@pytest.mark.asyncio(loop_scope="module")
async def test_its_errors_are_its_own_and_its_paths_are_told(served: Bench) -> None:
    lost = await served.send("POST", "/toy/nowhere", json={})
    assert (lost.status, list(lost.json())) == (404, ["error", "field"])
    assert "the base URL for Toy clients is http://" in lost.json()["error"]
    refused = await served.send("POST", "/toy/say", json={"model": "gpt-4o", "turns": 1})
    assert (refused.status, refused.json()["field"]) == (400, "turns")
    index = (await served.get("/toy")).json()
    assert index["routes"] == ["POST /toy/count", "POST /toy/embed", "POST /toy/say"]
    assert index["base_urls"]["toy"] == served.proxy.url
