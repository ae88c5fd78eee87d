import json

import pytest
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import (
    PARTS_LIMIT,
    Answer,
    Citation,
    Delta,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    Usage,
)
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, Tool, ToolCall
from passenger.chat.web_search import SearchTool
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses.part_sequencer import PartSequencer
from passenger.errors import Failure, Kind
from tests.dialects.openai.responses.samples import FAILURES, WHOLE, answer, events, messages, raw_events, sample

MODEL = "gpt-5.5-2026-04-23"
SIGNATURE = Signature("responses/openai", "sealed-by-upstream")
USAGE = Usage(31, 12)
PROMPT = Prompt("gpt-5.5", ())
ABLE = Capabilities(vendor="openai")
PATCH = "*** Begin\n+a\n*** End\n"
FOUND = Citation("https://simulated.example/found", "oslo", start=0, end=5)
OSLO = ToolCall("call_a", "weather", '{"city":"Oslo"}')

ANSWERS = {
    "custom": Answer(
        MODEL,
        (ToolCall("call_p", "apply_patch", PATCH, custom=True), ToolCall("call_n", "spawn_agent", "{}", "multi_agent")),
        Reason.TOOL,
        USAGE,
    ),
    "filtered": Answer(MODEL, (Text("Some"),), Reason.FILTER, USAGE),
    "hosted": Answer(MODEL, (Text("Found it."),), Reason.END, USAGE, citations=((0, FOUND),)),
    "incomplete": Answer(MODEL, (Reasoning("Hm.", SIGNATURE), Text("Once upon")), Reason.LENGTH, USAGE),
    "interleaved": Answer(MODEL, (OSLO, ToolCall("call_b", "clock", '{"zone":"CET"}')), Reason.TOOL, USAGE),
    "only_at_the_end": Answer(
        MODEL, (Reasoning("Late.", SIGNATURE), Text("Said "), Text("at last.")), Reason.END, USAGE
    ),
    "raw_reasoning": Answer(MODEL, (Reasoning("raw thought", SIGNATURE), Text("Yes.")), Reason.END, USAGE),
    "reasoning": Answer(
        MODEL,
        (Reasoning("**Plan**\n\nSay it.\n\n**Check**\n\nDone.", SIGNATURE), Text("PONG")),
        Reason.END,
        Usage(420, 61, cached=256, reasoning=40, written=100),
    ),
    "refusal": Answer(MODEL, (Refusal("I can't help with that."),), Reason.REFUSAL, USAGE),
    "text": Answer(MODEL, (Text("PONG 🏓"),), Reason.END, replace(USAGE, nano_credits=48500000)),
    "tools": Answer(
        MODEL,
        (Reasoning("", SIGNATURE), Text("Let me look."), OSLO, ToolCall("call_b", "weather", '{"city":"Rome"}')),
        Reason.TOOL,
        USAGE,
    ),
    "without_deltas": Answer(
        MODEL,
        (Reasoning("**Only** at the end.\n\nTwo of them.", SIGNATURE), OSLO, Text("Whole.")),
        Reason.TOOL,
        USAGE,
    ),
}


def test_every_sample_has_its_answer() -> None:
    assert sorted(ANSWERS) == WHOLE


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", WHOLE)
def test_a_recorded_stream_is_read_however_the_network_cuts_it(name: str, size: int) -> None:
    assert answer(responses.OUTBOUND.reader(PROMPT, ABLE), messages(sample(name), size)) == ANSWERS[name]


@pytest.mark.parametrize("name", WHOLE)
def test_a_stream_that_is_cut_at_any_event_is_never_a_whole_answer(name: str) -> None:
    whole = messages(sample(name))
    for cut in range(len(whole)):
        with pytest.raises(Failure) as caught:
            events(responses.OUTBOUND.reader(PROMPT, ABLE), whole[:cut])
        assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "stream_broken")


def test_words_are_passed_on_as_they_come() -> None:
    reader = responses.OUTBOUND.reader(PROMPT, ABLE)
    said = [event.text for event in events(reader, messages(sample("text"))) if isinstance(event, Delta)]
    assert said == ["PO", "NG", " 🏓"]


def test_what_follows_the_end_is_ignored() -> None:
    reader = responses.OUTBOUND.reader(PROMPT, ABLE)
    stream = sample("text")
    assert answer(reader, messages(stream + raw_events(stream)[4])) == ANSWERS["text"]


FAILED = {
    "cancelled": (Kind.UPSTREAM, None, "Copilot cancelled the answer"),
    "capi_error": (Kind.QUOTA, "402", "quota"),
    "error": (Kind.RATE_LIMIT, "rate_limit_exceeded", "Too fast."),
    "failed": (Kind.UPSTREAM, "server_error", "The model broke down."),
    "nested_error": (Kind.RATE_LIMIT, "user_global_rate_limited:pro", "Sorry, you have exceeded your limit."),
}


def test_every_failing_sample_has_its_failure() -> None:
    assert sorted(FAILED) == FAILURES


@pytest.mark.parametrize("name", FAILURES)
def test_what_upstream_says_went_wrong_is_raised(name: str) -> None:
    with pytest.raises(Failure) as caught:
        events(responses.OUTBOUND.reader(PROMPT, ABLE), messages(sample(name)))
    assert (caught.value.kind, caught.value.code, caught.value.message) == FAILED[name]


# --- stop sequences ----------------------------------------------------------------------------------------------


def test_a_stop_sequence_ends_the_answer_before_it() -> None:
    prompt = replace(PROMPT, stop=("🏓", "NG"))
    said = answer(responses.OUTBOUND.reader(prompt, ABLE), messages(sample("text")))
    assert said == Answer(MODEL, (Text("PO"),), Reason.STOP, ANSWERS["text"].usage, "NG")


@pytest.mark.parametrize("failing", [False, True])
def test_what_breaks_after_a_stop_sequence_matters_no_more(failing: bool) -> None:
    prompt = replace(PROMPT, stop=("al",))
    given = messages(sample("failed"))
    said = answer(responses.OUTBOUND.reader(prompt, ABLE), given if failing else given[:-1])
    assert said == Answer(MODEL, (Text("H"),), Reason.STOP, None, "al")


def test_what_breaks_before_a_stop_sequence_is_raised() -> None:
    with pytest.raises(Failure, match="broke down"):
        events(responses.OUTBOUND.reader(replace(PROMPT, stop=("never",)), ABLE), messages(sample("failed")))


# --- names -------------------------------------------------------------------------------------------------------

LONG = "a_tool_whose_name_is_longer_than_any_model_of_openai_would_ever_take.it"


def called(prompt: Prompt, **item: object) -> ToolCall:
    """The call that one item makes."""
    event = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "function_call", "call_id": "c", "arguments": "{}", **item},
    }
    end = {"type": "response.completed", "response": {"output": []}}
    given = [StreamMessage("", json.dumps(one).encode()) for one in (event, end)]
    [call] = answer(responses.OUTBOUND.reader(prompt, ABLE), given).calls
    return call


def test_a_name_that_was_shortened_is_given_back_whole() -> None:
    prompt = replace(PROMPT, tools=(Tool(LONG),))
    sent = responses.OUTBOUND.write_prompt(prompt, ABLE).body["tools"][0]["name"]
    assert sent != LONG
    assert called(prompt, name=sent).name == LONG


def test_a_namespace_that_upstream_leaves_out_is_found_by_the_name() -> None:
    prompt = replace(PROMPT, tools=(Tool("spawn", namespace="agents"),))
    assert called(prompt, name="spawn").namespace == "agents"
    assert called(prompt, name="spawn", namespace="agents").namespace == "agents"


def test_a_tool_that_upstream_makes_up_keeps_its_name() -> None:
    assert called(PROMPT, name="dream", namespace="night") == ToolCall("c", "dream", "{}", "night")


def test_a_call_without_a_name_is_no_answer() -> None:
    with pytest.raises(Failure) as caught:
        called(PROMPT)
    assert caught.value.code == "bad_answer"


# --- searches that upstream makes by itself ------------------------------------------------------------------------

SEARCHING = replace(PROMPT, web_search=SearchTool())


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_a_search_is_read_where_one_was_offered(size: int) -> None:
    read = answer(responses.OUTBOUND.reader(SEARCHING, ABLE), messages(sample("hosted"), size))
    call, done, text = read.parts
    assert isinstance(call, SearchCall)
    assert (call.query, done, text) == ("oslo", SearchDone(call.id), Text("Found it."))
    assert read.citations == ((2, FOUND),)
    assert answer(responses.OUTBOUND.reader(PROMPT, ABLE), messages(sample("hosted"), size)) == ANSWERS["hosted"]


def test_a_search_that_only_the_end_tells_is_read_once() -> None:
    action = {"type": "search", "queries": ["rain"], "sources": [{"type": "url", "url": "https://a.example"}]}
    item = {"type": "web_search_call", "id": "x", "status": "failed", "action": action}
    opened = {"type": "web_search_call", "id": "y", "status": "completed", "action": {"type": "open_page"}}
    said = {"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}
    end = {"type": "response.completed", "response": {"model": "m", "output": [item, opened, item, said]}}
    reader = responses.OUTBOUND.reader(SEARCHING, ABLE)
    found = [*reader.read(StreamMessage("response.completed", json.dumps(end).encode()))]
    searches = [event for event in found if isinstance(event, SearchCall | SearchDone)]
    assert [type(event) for event in searches] == [SearchCall, SearchDone] * 2
    assert len({event.id for event in searches}) == 2
    assert isinstance(searches[1], SearchDone)
    assert (searches[1].error, [page.url for page in searches[1].results]) == ("unavailable", ["https://a.example"])


@pytest.mark.parametrize(
    "action", [None, 1, [], {}, {"type": "search"}, {"type": "search", "queries": 5, "sources": {}}]
)
def test_odd_searches_are_no_error(action: object) -> None:
    item = {"type": "web_search_call", "id": "x", "action": action}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    reader = responses.OUTBOUND.reader(SEARCHING, ABLE)
    found = [*reader.read(StreamMessage("", json.dumps(done).encode()))]
    assert [event for event in found if isinstance(event, SearchDone) and event.results] == []


def test_a_search_waits_for_the_end_of_the_text_before_it() -> None:
    sequencer = PartSequencer()
    text = sequencer.at((0, 0), "text")
    text.add("Wait.")
    sequencer.insert(1, (SearchCall("1", "q"), SearchDone("1")))
    assert not [event for event in sequencer.drain() if isinstance(event, SearchCall)]
    sequencer.finish(0)
    assert [*sequencer.drain()] == [PartStop(), SearchCall("1", "q"), SearchDone("1")]


def test_an_answer_of_very_many_searches_is_a_failure() -> None:
    sequencer = PartSequencer()
    found = SearchCall("1", "q"), SearchDone("1")
    for index in range(PARTS_LIMIT):
        sequencer.insert(index, found)
        assert tuple(sequencer.drain()) == found
    with pytest.raises(Failure, match="parts"):
        sequencer.insert(PARTS_LIMIT, found)
