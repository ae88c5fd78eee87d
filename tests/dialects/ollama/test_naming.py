import pytest

from passenger.dialects.ollama.naming import asked, wanted
from passenger.errors import Failure


@pytest.mark.parametrize(
    ("said", "meant"),
    [("gpt-4o", "gpt-4o"), ("gpt-4o:latest", "gpt-4o"), ("m:7b", "m:7b"), ("a:latest:latest", "a:latest")],
)
def test_only_the_tag_latest_is_no_part_of_a_name(said: str, meant: str) -> None:
    assert wanted(said) == meant
    assert asked({"model": said}) == said


def test_the_fields_old_name_counts_where_the_new_one_is_missing() -> None:
    assert asked({"name": "old"}) == asked({"model": "", "name": "old"}) == wanted(None, "old") == "old"
    assert asked({"model": "new", "name": "old"}) == wanted("new", "old") == "new"


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": ""}, {"model": ":latest"}, {"model": 1}])
def test_no_model_is_refused_by_name(body: dict[str, object]) -> None:
    with pytest.raises(Failure) as caught:
        asked(body)
    assert caught.value.param == "model"
