from passenger.chat import Stamp
from passenger.dialects.responses.ids import PREFIXES, item_id, response_id

ID = response_id(Stamp("ab" * 16, 0))


def test_an_id_is_a_function_of_the_answer_and_the_place() -> None:
    assert item_id(ID, 0, "message") == item_id(ID, 0, "message")
    assert item_id(ID, 0, "message") != item_id(ID, 1, "message")
    assert item_id(ID, 0, "message") != item_id("resp_other", 0, "message")


def test_each_type_has_openai_s_prefix() -> None:
    assert ID.startswith("resp_")
    for kind, prefix in PREFIXES.items():
        assert item_id(ID, 0, kind).startswith(f"{prefix}_")
    assert item_id(ID, 0, "something_new").startswith("item_")
