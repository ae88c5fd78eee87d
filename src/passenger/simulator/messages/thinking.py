"""What is refused of `thinking` and `output_config`, model by model."""

from passenger.simulator.catalogue import Model
from passenger.simulator.messages.errors import extra, refuse
from passenger.simulator.messages.form import check_format
from passenger.simulator.question import Body, word

LEAST_BUDGET = 1024
LEAST_TOP_P = 0.95
DISPLAYS = (None, "omitted", "summarized")
THINKING_FIELDS = {
    "adaptive": {"display", "type"},
    "disabled": {"type"},
    "enabled": {"budget_tokens", "display", "type"},
}


def check_thinking(body: Body, model: Model) -> None:
    """Refuse thinking and effort that the model does not have, or that other fields forbid."""
    thinking = body.get("thinking")
    if thinking is not None:
        _check_kind(thinking, model)
    if thinking is not None and thinking["type"] == "enabled":
        _check_budget(body, thinking)
    if thinking is not None and thinking["type"] != "disabled":
        _check_company(body)
    _check_output(body.get("output_config") or {}, model)


def _check_kind(thinking: Body, model: Model) -> None:
    kind = word(thinking.get("type"))
    if kind not in THINKING_FIELDS:
        refuse("thinking: Input tag does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'")
    for name in thinking:
        if name not in THINKING_FIELDS[kind]:
            extra(f"thinking.{kind}.{name}")
    if thinking.get("display") not in DISPLAYS:
        refuse(f"thinking.{kind}.display: Input should be 'omitted' or 'summarized'")
    if kind == "adaptive" and not model.supports.get("adaptive_thinking"):
        refuse("adaptive thinking is not supported on this model")
    if kind == "enabled" and (model.flags.get("adaptive_only") or not model.supports.get("max_thinking_budget")):
        refuse(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )


def _check_budget(body: Body, thinking: Body) -> None:
    budget = thinking.get("budget_tokens")
    if budget is None:
        refuse("thinking.enabled.budget_tokens: Field required")
    if not isinstance(budget, int) or budget < LEAST_BUDGET:
        refuse(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
    if "max_tokens" in body and budget >= body["max_tokens"]:
        refuse("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_company(body: Body) -> None:
    """Sampling and forced tools are not for a model that thinks."""
    if body.get("temperature", 1) != 1:
        refuse("`temperature` may only be set to 1 when thinking is enabled.")
    if body.get("top_p", 1) < LEAST_TOP_P:
        refuse("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")
    if "top_k" in body:
        refuse("`top_k` must be unset when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        refuse("Thinking may not be enabled when tool_choice forces tool use.")


def _check_output(config: Body, model: Model) -> None:
    for name in config:
        if name not in {"effort", "format"}:
            extra(f"output_config.{name}")
    effort = config.get("effort")
    if effort is not None and not model.efforts:
        refuse("This model does not support the effort parameter.")
    if effort is not None and effort not in model.efforts:
        refuse(f"output_config.effort: Input should be {', '.join(repr(one) for one in model.efforts)}")
    if config.get("format") is not None:
        check_format(config["format"])
