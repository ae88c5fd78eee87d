import json
from typing import Any

import msgspec
import pytest

from passenger.body import Body
from passenger.chat import Abilities, Ask, Initiator, Stamp
from passenger.copilot.quirks import responses
from passenger.copilot.quirks.compaction import compacts_itself, is_refused
from passenger.dialects.responses.compaction import ITEMS, seal
from passenger.errors import Failure, Kind
from passenger.framing import read_sse, write_sse

ASK = Ask("gpt-5-mini", stream=True, initiator=Initiator.AGENT, compacts=True)
STAMP = Stamp("0123456789abcdef" * 2, 1790000000)
OPENAI = Abilities(vendor="openai")
USER = {"role": "user", "content": "hi"}


def item(number: int) -> dict[str, Any]:
    return {"type": "compaction", "id": "blob", "encrypted_content": f"sealed {number}"}


MESSAGE: dict[str, Any] = {"type": "message", "id": "blob", "role": "assistant", "content": []}


def stream(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    created = {"type": "response.created", "response": {"id": "blob", "output": []}}
    told = [
        {"type": f"response.output_item.{kind}", "output_index": index, "item": one}
        for index, one in enumerate(items)
        for kind in ("added", "done")
    ]
    ended = {"id": "blob", "output": items, "status": "completed"}
    return [created, *told, {"type": "response.completed", "response": ended}]


def relayed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    relay = responses.relay(ASK, STAMP)
    down = b"".join(relay.event(write_sse(msgspec.json.encode(event), event["type"])) for event in events)
    assert relay.done
    found = [read_sse(raw + b"\n\n") for raw in down.split(b"\n\n") if raw]
    told = [(message.event, json.loads(message.data)) for message in found if message]
    assert all(name == event["type"] for name, event in told)
    return [event for _, event in told]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_several_compacted_conversations_the_last_one_goes_down_alone(count: int) -> None:
    items = [item(number) for number in range(count)]
    _, added, done, completed = relayed(stream(items))
    assert added["type"] == "response.output_item.added"
    assert added["item"] == done["item"] == completed["response"]["output"][0]
    assert (added["output_index"], done["output_index"]) == (0, 0)
    assert completed["response"]["output"][0]["encrypted_content"] == f"sealed {count - 1}"
    assert len(completed["response"]["output"]) == 1


def test_what_stands_between_them_holds_nothing_up() -> None:
    created, *told, completed = stream([item(0), item(1)])
    between = {"type": "response.in_progress_of_something", "n": 1}
    down = relayed([created, *told[:2], between, *told[2:], completed])
    assert [event["type"].rpartition(".")[2] for event in down] == [
        "created",
        "in_progress_of_something",
        "added",
        "done",
        "completed",
    ]


def test_other_items_pass_in_their_order() -> None:
    told = relayed(stream([item(0), MESSAGE, item(1)]))
    assert [event["item"]["type"] for event in told if "item" in event] == [
        *["compaction"] * 2,
        *["message"] * 2,
        *["compaction"] * 2,
    ]
    assert len(told[-1]["response"]["output"]) == 3


def test_a_whole_answer_keeps_the_last_one() -> None:
    body = {"output": [item(0), item(1)], "usage": {"input_tokens": 1}}
    answer, _ = responses.complete(json.dumps(body).encode(), "gpt-5-mini", STAMP)
    assert [one["encrypted_content"] for one in json.loads(answer)["output"]] == ["sealed 1"]
    body = {"output": [item(0), MESSAGE]}
    answer, _ = responses.complete(json.dumps(body).encode(), "gpt-5-mini", STAMP)
    assert len(json.loads(answer)["output"]) == 2


def prepared(*items: dict[str, Any]) -> list[dict[str, Any]]:
    body = Body(json.dumps({"model": "gpt-5.5", "input": items}).encode())
    responses.prepare(body, ASK, OPENAI)
    given: list[dict[str, Any]] = body.get("input")
    return given


@pytest.mark.parametrize("kind", sorted(ITEMS))
def test_what_was_compacted_here_goes_up_as_a_message_whatever_the_client_calls_it(kind: str) -> None:
    first, second = prepared({"type": kind, "id": "cmp_1", "encrypted_content": seal("a heron")}, USER)
    assert (first["type"], first["role"], set(first)) == ("message", "user", {"type", "role", "content"})
    assert first["content"][0]["text"].endswith("a heron")
    assert second == USER


def test_what_openai_has_compacted_goes_up_as_it_is() -> None:
    assert prepared({"type": "compaction", "encrypted_content": "gAAA"}) == [
        {"type": "compaction", "encrypted_content": "gAAA"}
    ]


def test_a_broken_one_is_refused_by_its_place() -> None:
    with pytest.raises(Failure) as caught:
        prepared(USER, {"type": "compaction", "encrypted_content": seal("a heron")[:-4]})
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, "input[1].encrypted_content")


@pytest.mark.parametrize(("vendor", "does"), [("openai", True), ("", True), ("xai", False), ("anthropic", False)])
def test_only_openais_models_compact_by_themselves(vendor: str, does: bool) -> None:
    assert compacts_itself(vendor) is does


def test_a_refusal_of_the_trigger_is_known_by_its_name() -> None:
    said = "Invalid value: 'compaction_trigger'. Supported values are: 'message'."
    assert is_refused(Failure(Kind.INVALID, said))
    assert not is_refused(Failure(Kind.INVALID, "too long"))
    assert not is_refused(Failure(Kind.UPSTREAM, said))
