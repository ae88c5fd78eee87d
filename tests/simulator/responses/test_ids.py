from passenger.simulator.responses.ids import Ids, verdict


def test_ids_of_one_item_differ_and_are_all_good_for_their_login() -> None:
    ids = Ids("octo", "digest")
    found = [ids.of("msg", 1) for _ in range(5)]
    assert len(set(found)) == 5
    assert {len(one) for one in found} == {400}
    assert {verdict(one, "octo", "id") for one in found} == {"good"}
    assert verdict(found[0], "other", "id") == "foreign"


def test_the_same_answer_has_the_same_ids() -> None:
    assert Ids("octo", "digest").of("fc") == Ids("octo", "digest").of("fc") != Ids("octo", "other").of("fc")


def test_an_id_is_no_sealed_content_and_the_other_way_round() -> None:
    ids = Ids("octo", "digest")
    assert verdict(ids.seal("text"), "octo", "content") == "good"
    assert verdict(ids.seal("text"), "octo", "id") == verdict(ids.of("rs"), "octo", "content") == "unknown"
    assert verdict("rs_1", "octo", "id") == "unknown"
