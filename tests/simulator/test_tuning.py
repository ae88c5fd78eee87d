from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.faults import NONE
from passenger.simulator.tuning import unsupported
from tests.simulator.client import Client

OPENAI = "Unsupported parameter: 'top_p' is not supported with this model."


def test_only_a_field_that_is_there_is_named() -> None:
    fault = Fault(unsupported=("temperature", "top_p"))
    assert unsupported({"top_p": 1}, fault) == "top_p"
    assert unsupported({"top_p": None, "n": 1}, fault) is None
    assert unsupported({"top_p": 1}, NONE) is None


async def test_chat_says_it_in_openais_words(client: Client) -> None:
    answer = await client.chat("[[unsupported top_p]]", top_p=0.5)
    assert answer.json()["error"] == {
        "code": "unsupported_parameter",
        "message": OPENAI,
        "param": "top_p",
        "type": "invalid_request_error",
    }
    assert (await client.chat("[[unsupported top_p]]", temperature=0.5)).status == 200


async def test_responses_say_it_in_openais_words(sim: Simulator, client: Client) -> None:
    sim.inject(Fault(unsupported=("top_p",)), "/responses")
    refused = await client.responses(top_p=0.5)
    assert refused.json() == {"error": {"code": "invalid_request_body", "message": OPENAI}}
    assert (await client.responses(top_p=0.5)).status == 200


async def test_messages_say_it_in_the_vendors_words(client: Client) -> None:
    sampling = await client.messages("[[unsupported top_p]]", top_p=0.5)
    assert sampling.json()["error"]["message"] == "`top_p` is deprecated for this model."
    other = await client.messages("[[unsupported output_config]]", output_config={"effort": "low"})
    assert other.json()["error"]["message"] == "output_config: Extra inputs are not permitted"


async def test_a_beta_can_be_made_unsupported(client: Client) -> None:
    headers = {"anthropic-beta": "one-2026-01-01, two-2026-01-01"}
    refused = await client.messages("[[unsupported two-2026-01-01]]", headers=headers)
    assert refused.json()["error"]["message"] == "unsupported beta header(s): two-2026-01-01"


async def test_embeddings_say_it_too(client: Client) -> None:
    assert (await client.embed("[[unsupported user]]", user="me")).json()["error"]["param"] == "user"


@pytest.mark.parametrize("field", ["temperature", "top_p"])
async def test_some_models_never_take_them_and_the_list_of_models_does_not_say_so(client: Client, field: str) -> None:
    more: dict[str, Any] = {field: 0.5}
    assert (await client.responses(model="gpt-5.3-codex", **more)).status == 400
    assert (await client.messages(model="claude-opus-5", **more)).status == 400
    assert (await client.responses(**more)).status == (await client.messages(**more)).status == 200
    assert b'simulated":' not in (await client.request("GET", "/models", client.credentials)).body
