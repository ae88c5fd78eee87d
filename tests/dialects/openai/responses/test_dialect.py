from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Prompt
from passenger.dialects import Inbound, Outbound, Request
from passenger.dialects.framing import SSE, read_sse
from passenger.dialects.openai import responses


def test_the_dialect_has_both_roles() -> None:
    inbound: Inbound = responses.INBOUND
    outbound: Outbound = responses.OUTBOUND
    assert inbound.name == outbound.name == "responses"
    assert outbound.path == "/responses"
    assert inbound.round_trips_reasoning
    assert inbound.framing(Request(b"")) is SSE


def test_every_name_that_differs_is_of_the_hub() -> None:
    beside = {"reasoning.show", "signature", "messages.reasoning"}
    assert set(responses.INBOUND.fields) - beside <= set(Prompt.__struct_fields__)


def test_a_keep_alive_is_no_event() -> None:
    assert read_sse(responses.INBOUND.keep_alive[False]) is None
    assert responses.INBOUND.keep_alive[True].endswith(b"\n\n")


def test_each_answer_has_a_reader_and_a_writer_of_its_own() -> None:
    prompt = Prompt("m", ())
    assert responses.OUTBOUND.reader(prompt, Capabilities()) is not responses.OUTBOUND.reader(prompt, Capabilities())
    assert responses.INBOUND.writer(prompt, AnswerIdentity("a", 0)) is not responses.INBOUND.writer(
        prompt, AnswerIdentity("a", 0)
    )
