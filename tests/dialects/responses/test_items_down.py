from passenger.chat import Seal
from passenger.dialects.responses.items_down import Called, Item, Reasoned, Spoken
from passenger.events import PartStart, PartStop


def life(item: Item, *pieces: str, seal: Seal | None = None) -> list[str]:
    """The types of the events from first to last."""
    steps = [*item.begin(), *(step for piece in pieces for step in item.more(piece)), *item.end(PartStop(seal))]
    return [kind.removeprefix("response.") for kind, _ in steps]


def test_a_thought_without_words_has_no_summary() -> None:
    item = Reasoned("rs_1", 0)
    assert life(item, seal=Seal("responses/openai", "s")) == ["output_item.added", "output_item.done"]
    assert item.item == {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "s"}


def test_a_text_without_words_still_has_its_part() -> None:
    item = Spoken("msg_1", 0, refusal=False)
    assert life(item) == [
        "output_item.added",
        "content_part.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert item.item["content"][0]["text"] == ""


def test_a_call_repeats_its_name_when_its_arguments_are_whole() -> None:
    item = Called("fc_1", 0, PartStart("call", "c", "f"))
    steps = [*item.begin(), *item.more('{"a":'), *item.more("1}"), *item.end(PartStop())]
    kind, done = steps[-2]
    assert kind == "response.function_call_arguments.done"
    assert (done["name"], done["arguments"]) == ("f", '{"a":1}')


def test_an_item_is_in_progress_until_it_is_done() -> None:
    item = Called("ctc_1", 0, PartStart("call", "c", "f", custom=True))
    [(_, added)] = item.begin()
    assert added["item"]["status"] == "in_progress"
    assert life(item, "x")[-1] == "output_item.done"
    assert item.item["status"] == "completed"
