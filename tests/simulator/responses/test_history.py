from typing import Any

import pytest

from passenger.simulator import Simulator
from tests.simulator.client import Client, connected
from tests.simulator.responses.test_validation import error

USER: dict[str, Any] = {"role": "user", "content": "x"}
CALL: dict[str, Any] = {"type": "function_call", "call_id": "call_1", "name": "t", "arguments": "{}"}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
CUSTOM: dict[str, Any] = {"type": "custom_tool_call", "call_id": "call_2", "name": "t", "input": "x"}
THOUGHT: dict[str, Any] = {"type": "reasoning", "summary": []}
STRANGER = "input item ID does not belong to this connection"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["x"], "Invalid type for 'input[0]': expected an object, but got a string instead."),
        ([{"content": "x"}], "Missing required parameter: 'input[0].type'."),
        ([{"role": "user"}], "Missing required parameter: 'input[0].content'."),
        ([CALL | {"call_id": None}], "Missing required parameter: 'input[0].call_id'."),
        (
            [USER | {"content": 7}],
            "Invalid type for 'input[0].content': expected an array of objects or string, but got an integer instead.",
        ),
        (
            [USER | {"content": ["x"]}],
            "Invalid type for 'input[0].content[0]': expected an object, but got a string instead.",
        ),
        ([USER | {"content": [{}]}], "Missing required parameter: 'input[0].content[0].type'."),
        ([USER | {"content": [{"type": "input_text"}]}], "Missing required parameter: 'input[0].content[0].text'."),
        (
            [USER | {"role": "tool"}],
            "Invalid value: 'tool'. Supported values are: 'assistant', 'system', 'developer', and 'user'.",
        ),
        (
            [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}],
            "Invalid value: 'input_text'. Supported values are: 'output_text', and 'refusal'.",
        ),
        ([USER, CALL], "No tool output found for function call call_1."),
        ([USER, CUSTOM], "No tool output found for custom tool call call_2."),
        ([USER, OUTPUT], "No tool call found for function call output with call_id call_1."),
        (
            [USER, CALL | {"id": "call_x"}, OUTPUT],
            "Invalid 'input[1].id': 'call_x'. Expected an ID that begins with 'fc'.",
        ),
        ([USER, THOUGHT | {"id": "msg_1"}], "Invalid 'input[1].id': 'msg_1'. Expected an ID that begins with 'rs'."),
        (
            [USER | {"id": "rs_1", "type": "message"}],
            "Invalid 'input[0].id': 'rs_1'. Expected an ID that begins with 'msg'.",
        ),
        ([{"type": "compaction_trigger"}, USER], "The 'compaction_trigger' item must be the final input item."),
        (
            [{"type": "item_reference", "id": "rs_1"}],
            "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
        ),
        (
            [{"type": "additional_tools", "tools": [{"type": "function"}]}],
            "Missing required parameter: 'input[0].tools[0].name'.",
        ),
        (
            [USER, THOUGHT | {"encrypted_content": "tampered-with"}],
            (
                "The encrypted content tampered... could not be verified. "
                "Reason: Encrypted content could not be decrypted or parsed."
            ),
        ),
    ],
)
async def test_an_input_that_could_not_have_been_is_refused(client: Client, given: list[Any], message: str) -> None:
    assert error(await client.responses(given)) == message


@pytest.mark.parametrize("part", [{"type": "text", "text": "x"}, {"type": "image_url"}])
async def test_parts_of_other_surfaces_are_unknown(client: Client, part: dict[str, str]) -> None:
    assert error(await client.responses([USER | {"content": [part]}])).startswith(f"Invalid value: '{part['type']}'.")


async def test_an_item_that_there_is_not_is_unknown(client: Client) -> None:
    assert error(await client.responses([{"type": "thought"}])).startswith("Invalid value: 'thought'.")


@pytest.mark.parametrize(
    "given",
    [
        [USER, CALL, OUTPUT],
        [USER, CALL | {"id": "fc_made_up", "status": "completed"}, OUTPUT],
        [USER, THOUGHT | {"id": "rs_made_up"}],
        [USER | {"id": "msg_123", "type": "message"}],
        [USER, CUSTOM, {"type": "custom_tool_call_output", "call_id": "call_2", "output": "x"}],
        [USER | {"content": ""}],
        [USER | {"content": [{"type": "input_text", "text": " "}]}],
        [USER, {"type": "compaction_trigger"}],
        [],
    ],
)
async def test_good_inputs_are_taken(client: Client, given: list[Any]) -> None:
    assert (await client.responses(given)).status == 200


async def thought(client: Client) -> dict[str, Any]:
    more: dict[str, Any] = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}
    return dict((await client.responses("Hi", **more)).json()["output"][0])


async def test_what_the_login_was_given_it_can_send_back(client: Client) -> None:
    assert (await client.responses([USER, await thought(client), USER])).status == 200


async def test_ids_and_seals_of_another_login_are_refused(client: Client) -> None:
    async with Simulator(login="somebody-else") as other, connected(other) as stranger:
        item = await thought(stranger)
    assert error(await client.responses([USER, item]), "") == STRANGER
    del item["id"]
    assert "could not be verified" in error(await client.responses([USER, item]))


async def test_an_id_as_long_as_ours_that_is_not_ours_is_a_strangers(client: Client) -> None:
    assert error(await client.responses([USER, THOUGHT | {"id": "A" * 400}]), "") == STRANGER


@pytest.mark.parametrize("key", ["encrypted_content", "id"])
async def test_what_was_changed_is_refused(client: Client, key: str) -> None:
    item = await thought(client)
    item[key] = ("B" if item[key][0] != "B" else "C") + item[key][1:]
    assert (await client.responses([USER, item])).status == 400
