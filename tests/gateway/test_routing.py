from dataclasses import replace

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Initiator
from passenger.copilot.catalog import Catalog, Model, read_models
from passenger.dialects import Inbound
from passenger.dialects import anthropic as messages
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from passenger.dialects.openai import text as legacy
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.errors import Failure, Kind
from passenger.gateway.routing import Route, choose, must_fan_out

ALL = tuple(dialect.path for dialect in OUTBOUND)
MODEL = Model("gpt-5.1", "OpenAI", "gpt-5.1", ALL, {}, Capabilities("openai", 64000))


def speaking(*endpoints: str) -> Model:
    return replace(MODEL, endpoints=endpoints)


inbounds = pytest.mark.parametrize("inbound", INBOUND, ids=lambda dialect: dialect.name)


@pytest.mark.parametrize(
    "inbound", [completions.INBOUND, messages.INBOUND, responses.INBOUND], ids=lambda dialect: dialect.name
)
@pytest.mark.parametrize("endpoints", [ALL, ALL[::-1]])
def test_the_clients_own_dialect_is_relayed_wherever_the_model_speaks_it(
    inbound: Inbound, endpoints: tuple[str, ...]
) -> None:
    route = choose(inbound, "GPT-5.1", speaking(*endpoints, "ws:/responses"))
    assert (route.outbound.name, route.relayed, route.name) == (inbound.name, True, "gpt-5.1")
    alone = choose(inbound, "gpt-5.1", speaking(route.outbound.path))
    assert (alone.outbound.name, alone.relayed) == (inbound.name, True)


@inbounds
@pytest.mark.parametrize(
    ("endpoints", "best"),
    [
        (("/chat/completions", "/responses", "/v1/messages"), "responses"),
        (("/chat/completions", "ws:/responses", "/v1/messages"), "messages"),
        (("/chat/completions",), "completions"),
        (("/v1/messages",), "messages"),
        (("/responses", "/something/new"), "responses"),
    ],
)
def test_any_other_is_translated_to_the_best_that_the_model_speaks(
    inbound: Inbound, endpoints: tuple[str, ...], best: str
) -> None:
    route = choose(inbound, "gpt-5.1", speaking(*endpoints))
    own = [dialect.name for dialect in OUTBOUND if dialect.name == inbound.name and dialect.path in endpoints]
    assert (route.outbound.name, route.relayed) == ((own or [best])[0], bool(own))


@inbounds
def test_a_model_that_nothing_is_known_of_is_relayed_to_or_asked_in_completions(inbound: Inbound) -> None:
    route = choose(inbound, "brand-new", None)
    relayed = inbound.name in {dialect.name for dialect in OUTBOUND}
    wanted = inbound.name if relayed else "completions"
    assert route == Route("brand-new", None, route.outbound, relayed)
    assert wanted == route.outbound.name


@inbounds
@pytest.mark.parametrize(
    ("model", "why"),
    [
        (speaking(), "it speaks none of the APIs for chat"),
        (speaking("ws:/responses", "/embeddings"), "it speaks none of the APIs for chat"),
        (replace(MODEL, kind="embeddings"), "it makes embeddings"),
        (replace(speaking("/chat/completions"), kind="embeddings"), "it makes embeddings"),
    ],
)
def test_a_model_that_cannot_chat_is_refused_by_the_name_that_was_asked_for(
    inbound: Inbound, model: Model, why: str
) -> None:
    with pytest.raises(Failure, match=f"The model 'asked' cannot chat: {why}") as caught:
        choose(inbound, "asked", model)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, "model")
    assert caught.value.code == "unsupported_api_for_model"


def test_a_route_knows_what_the_model_can_do() -> None:
    assert choose(legacy.INBOUND, "gpt-5.1", MODEL).capabilities == Capabilities("openai", 64000)
    assert choose(legacy.INBOUND, "brand-new", None).capabilities == Capabilities()


def test_a_route_tells_itself_as_the_header_does() -> None:
    assert choose(responses.INBOUND, "GPT-5.1", MODEL).text == "model=gpt-5.1; dialect=responses; mode=relayed"
    assert choose(legacy.INBOUND, "brand-new", None).text == "model=brand-new; dialect=completions; mode=translated"


def test_what_the_clients_dialect_cannot_be_asked_is_translated_although_the_model_speaks_it() -> None:
    only = speaking("/chat/completions")
    assert choose(completions.INBOUND, "x", only, relays=False).text.endswith("dialect=completions; mode=translated")
    both = speaking("/chat/completions", "/responses")
    assert choose(completions.INBOUND, "x", both, relays=False).text.endswith("dialect=responses; mode=translated")


def test_no_breakpoints_are_to_be_set_where_the_setting_says_so() -> None:
    model = replace(MODEL, capabilities=Capabilities("anthropic", least_cached=1024))
    assert choose(completions.INBOUND, "m", model).capabilities.least_cached == 1024
    assert choose(completions.INBOUND, "m", model, cache_marks=False).capabilities == Capabilities("anthropic")


def model(vendor: str) -> Model:
    entry = f'{{"data": [{{"id": "m", "vendor": "{vendor}", "supported_endpoints": ["/chat/completions"]}}]}}'
    return Catalog(read_models(entry.encode())).models["m"]


@pytest.mark.parametrize(
    ("vendor", "choices", "fanned"),
    [
        ("Azure OpenAI", 3, False),
        ("OpenAI", 0, False),
        ("Anthropic", 3, True),
        ("Google", 2, True),
        ("Google", 0, True),
        ("xAI", 3, False),
    ],
)
def test_claude_and_gemini_give_one_answer_whatever_is_asked(vendor: str, choices: int, fanned: bool) -> None:
    assert must_fan_out(Ask("m", stream=False, initiator=Initiator.USER, choices=choices), model(vendor)) is fanned
    assert not must_fan_out(Ask("m", stream=False, initiator=Initiator.USER), model(vendor))


def test_what_nothing_is_known_of_is_believed() -> None:
    assert not must_fan_out(Ask("m", stream=False, initiator=Initiator.USER, choices=3), None)
