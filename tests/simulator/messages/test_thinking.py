from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.messages.test_validation import vendor

BUDGET = {"type": "enabled", "budget_tokens": 2000}
ADAPTIVE = {"type": "adaptive"}
TOOL = {"name": "t", "input_schema": {"type": "object"}}
FORM = {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}


@pytest.mark.parametrize(
    ("model", "more", "part"),
    [
        ("claude-haiku-4.5", {"thinking": ADAPTIVE}, "adaptive thinking is not supported on this model"),
        ("claude-opus-5", {"thinking": BUDGET}, '"thinking.type.enabled" is not supported for this model'),
        ("claude-haiku-4.5", {"thinking": BUDGET | {"budget_tokens": 1023}}, "greater than or equal to 1024"),
        ("claude-haiku-4.5", {"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
        ("claude-haiku-4.5", {"thinking": BUDGET, "max_tokens": 2000}, "`max_tokens` must be greater than"),
        ("claude-haiku-4.5", {"thinking": {"type": "on"}}, "'adaptive', 'disabled', 'enabled'"),
        (
            "claude-sonnet-4.6",
            {"thinking": ADAPTIVE | {"budget_tokens": 2000}},
            "thinking.adaptive.budget_tokens: Extra",
        ),
        ("claude-sonnet-4.6", {"thinking": ADAPTIVE | {"display": "all"}}, "'omitted' or 'summarized'"),
        ("claude-haiku-4.5", {"thinking": BUDGET, "temperature": 0.5}, "`temperature` may only be set to 1"),
        ("claude-haiku-4.5", {"thinking": BUDGET, "top_k": 5}, "`top_k` must be unset"),
        ("claude-haiku-4.5", {"thinking": BUDGET, "top_p": 0.9}, "`top_p` must be greater than or equal to 0.95"),
        ("claude-sonnet-4.6", {"thinking": ADAPTIVE, "top_p": 0.9}, "`top_p` must be greater than or equal to 0.95"),
        (
            "claude-haiku-4.5",
            {"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        ("claude-haiku-4.5", {"output_config": {"effort": "low"}}, "does not support the effort parameter"),
        ("claude-sonnet-4.6", {"output_config": {"effort": "max"}}, "Input should be 'low', 'medium', 'high'"),
        ("claude-sonnet-4.6", {"output_config": {"verbosity": "low"}}, "output_config.verbosity: Extra inputs"),
        ("claude-sonnet-4.6", {"output_config": {"format": {"type": "json_object"}}}, "should be 'json_schema'"),
        (
            "claude-sonnet-4.6",
            {"output_config": {"format": {"type": "json_schema", "json_schema": FORM}}},
            "output_config.format.schema: Field required",
        ),
        ("claude-sonnet-4.6", {"output_config": {"format": FORM | {"name": "n"}}}, "output_config.format.name: Extra"),
    ],
)
async def test_what_the_model_cannot_think_is_refused(
    client: Client, model: str, more: dict[str, Any], part: str
) -> None:
    assert part in vendor(await client.messages(model=model, **more))


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("claude-haiku-4.5", {"thinking": BUDGET, "temperature": 1}),
        ("claude-haiku-4.5", {"thinking": BUDGET, "top_p": 0.95}),
        ("claude-haiku-4.5", {"thinking": {"type": "disabled"}, "temperature": 0}),
        ("claude-opus-5", {"thinking": ADAPTIVE | {"display": "summarized"}, "output_config": {"effort": "xhigh"}}),
        ("claude-sonnet-4.6", {"output_config": {"effort": "low", "format": FORM}}),
    ],
)
async def test_what_it_can_think_is_taken(client: Client, model: str, more: dict[str, Any]) -> None:
    assert (await client.messages(model=model, **more)).status == 200
