from passenger.chat import Abilities, Prompt, Stamp
from passenger.dialects import Inbound, Outbound, Request, responses
from passenger.framing import SSE, read_sse


def test_the_dialect_has_both_roles() -> None:
    inbound: Inbound = responses
    outbound: Outbound = responses
    assert inbound.NAME == outbound.NAME == "responses"
    assert outbound.PATH == "/responses"
    assert inbound.CARRIES_SEALS
    assert inbound.framing(Request(b"")) is SSE


def test_every_name_that_differs_is_of_the_hub() -> None:
    beside = {"reasoning.show", "seal", "thought"}
    assert set(responses.FIELDS) - beside <= set(Prompt.__struct_fields__)


def test_a_keep_alive_is_no_event() -> None:
    assert read_sse(responses.keep_alive(begun=False)) is None
    assert responses.keep_alive(begun=True).endswith(b"\n\n")


def test_each_answer_has_a_reader_and_a_writer_of_its_own() -> None:
    prompt = Prompt("m", ())
    assert responses.reader(prompt, Abilities()) is not responses.reader(prompt, Abilities())
    assert responses.writer(prompt, Stamp("a", 0)) is not responses.writer(prompt, Stamp("a", 0))
