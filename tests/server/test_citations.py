"""Where the words of an answer come from, from any model to any client: carried, or named where there is no place."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from passenger.simulator.citing import LICENSE, URL
from tests.server.bench import Bench, bench
from tests.server.test_cut_answers import CELLS, MODELS, PATHS, ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = '[[call write_file {"path": "a"}]] [[cite]]'
TRANSLATED = [cell for cell in CELLS if cell[0] != cell[1]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    speaks = {model: [PATHS[api]] for api, model in MODELS.items()}
    directory = tmp_path_factory.mktemp("bench")
    async with Simulator(speaks=speaks) as simulator, bench(directory, simulator=simulator) as found:
        yield found


@pytest.mark.parametrize("cell", TRANSLATED, ids=str)
async def test_the_licence_of_code_reaches_every_client_that_has_a_place_for_it(
    one: Bench, cell: tuple[str, str, bool]
) -> None:
    client, api, stream = cell
    answer = await ask(one, client, api, "[[cite]] hello", stream=stream)
    told, page = answer.body.decode(), api == "responses"
    lost = client == "ollama"
    line = await one.line(answer)
    assert answer.status == 200
    assert ("dropped=answer.citations" in line) is lost
    if not stream:
        assert (answer.headers.get("x-passenger-dropped") == "answer.citations") is lost
    if not lost:
        assert ("Cited" if page else URL) in told
        assert page or LICENSE in told


@pytest.mark.parametrize("stream", [True, False])
async def test_what_stands_in_a_call_is_named_where_only_words_have_citations(one: Bench, *, stream: bool) -> None:
    answer = await ask(one, "responses", "completions", CALL, stream=stream)
    assert "dropped=answer.citations" in await one.line(answer)
    assert URL in (await ask(one, "gemini", "completions", CALL, stream=stream)).body.decode()


async def test_a_relayed_answer_keeps_copilots_own_words(one: Bench) -> None:
    for client in ("completions", "messages"):
        answer = await ask(one, client, client, "[[cite]] hello", stream=True)
        assert "copilot_annotations" in answer.body.decode()
        assert "dropped=" not in await one.line(answer)
