from typing import Any

from passenger.dialects.messages.caching import limit_breakpoints, mark


def body(marks: set[str]) -> dict[str, Any]:
    def block(name: str) -> dict[str, Any]:
        return mark({"id": name}, name in marks)

    return {
        "tools": [block("t1"), block("t2")],
        "system": [block("s1"), block("s2")],
        "messages": [
            {"role": "user", "content": [block("a1"), block("a2")]},
            {"role": "assistant", "content": [block("b1")]},
            {"role": "user", "content": [block("c1")]},
            {"role": "user", "content": [block("d1"), block("d2")]},
        ],
    }


def marked(written: dict[str, Any]) -> set[str]:
    limit_breakpoints(written)
    blocks = [*written.get("tools", ()), *written.get("system", ())]
    blocks += [block for message in written["messages"] for block in message["content"]]
    return {block["id"] for block in blocks if "cache_control" in block}


def test_the_clients_own_breakpoints_stay() -> None:
    assert marked(body({"s1", "b1"})) == {"s1", "b1"}


def test_of_too_many_the_last_four_stay() -> None:
    assert marked(body({"t1", "t2", "s1", "a1", "b1", "d2"})) == {"s1", "a1", "b1", "d2"}


def test_where_there_is_none_four_are_set_where_they_pay() -> None:
    assert marked(body(set())) == {"t2", "s2", "c1", "d2"}


def test_what_is_not_there_bears_none() -> None:
    assert marked({"messages": [{"role": "user", "content": [{"id": "a"}]}]}) == {"a"}


def test_where_they_do_not_pay_none_is_set_and_the_clients_own_stay() -> None:
    plain, own = body(set()), body({"s1"})
    limit_breakpoints(plain, pays=False)
    limit_breakpoints(own, pays=False)
    assert (plain, own) == (body(set()), body({"s1"}))
