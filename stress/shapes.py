"""Hostile bodies, as long as one likes: for each way to ask, the shapes that made some program slow or large.

A body is valid JSON and mostly a valid request, so that it is read to its end where nothing bounds it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Shape = Callable[[int], bytes]
"""A body of about so many bytes."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: its path, what its body begins with, and its words, message, call, result and tool as JSON.

    A template has `%s` where a text or a number comes in.
    """

    name: str
    path: str
    head: str
    """The fields before the turns, with their comma."""
    turns: str
    """The field of the turns."""
    message: str = ""
    parts: tuple[str, str, str] = ("", "", "")
    """A message up to its parts, a part, and the rest."""
    call: str = ""
    result: str = ""
    tool: str = ""
    stops: tuple[str, str] = ("", "")
    """The fields up to the stop sequences, and what closes them."""
    text: str = ""
    """The whole field of the turns with one text, where there are no turns."""

    def body(self, turns: str, more: str = "") -> bytes:
        """The body of these turns, with more fields before them."""
        return f'{{{self.head}{more}"{self.turns}":[{turns}]}}'.encode()

    def saying(self, text: str, more: str = "") -> bytes:
        """The body that says one text, which is JSON's inside of quotes."""
        if self.text:
            return ("{" + self.head + more + self.text.replace("%s", text) + "}").encode()
        return self.body(self.message.replace("%s", text), more)


_FUNCTION = '{"type":"function","function":{"name":"f%s","parameters":{}}}'
_CALLED = '"type":"function","function":{"name":"f%s","arguments":"{}"}'

WAYS = {
    way.name: way
    for way in (
        Way(
            "completions",
            "/v1/chat/completions",
            '"model":"gpt-5.5",',
            "messages",
            '{"role":"user","content":"%s"}',
            ('{"role":"user","content":[', '{"type":"text","text":"a"}', "]}"),
            '{"role":"assistant","tool_calls":[{"id":"c%s",' + _CALLED + "}]}",
            '{"role":"tool","tool_call_id":"c%s","content":"a"}',
            _FUNCTION,
            ('"stop":[', "],"),
        ),
        Way(
            "messages",
            "/v1/messages",
            '"model":"gpt-5.5","max_tokens":99,',
            "messages",
            '{"role":"user","content":"%s"}',
            ('{"role":"user","content":[', '{"type":"text","text":"a"}', "]}"),
            '{"role":"assistant","content":[{"type":"tool_use","id":"c%s","name":"f%s","input":{}}]}',
            '{"role":"user","content":[{"type":"tool_result","tool_use_id":"c%s","content":"a"}]}',
            '{"name":"f%s","input_schema":{}}',
            ('"stop_sequences":[', "],"),
        ),
        Way(
            "responses",
            "/v1/responses",
            '"model":"claude-haiku-4.5",',
            "input",
            '{"role":"user","content":"%s"}',
            ('{"role":"user","content":[', '{"type":"input_text","text":"a"}', "]}"),
            '{"type":"function_call","call_id":"c%s","name":"f%s","arguments":"{}"}',
            '{"type":"function_call_output","call_id":"c%s","output":"a"}',
            '{"type":"function","name":"f%s","parameters":{}}',
        ),
        Way(
            "gemini",
            "/v1beta/models/gpt-5.5:generateContent",
            "",
            "contents",
            '{"role":"user","parts":[{"text":"%s"}]}',
            ('{"role":"model","parts":[', '{"thought":true,"text":"a"}', "]}"),
            '{"role":"model","parts":[{"functionCall":{"id":"c%s","name":"f%s","args":{}}}]}',
            '{"role":"user","parts":[{"functionResponse":{"id":"c%s","name":"f%s","response":{}}}]}',
            '{"functionDeclarations":[{"name":"f%s"}]}',
            ('"generationConfig":{"stopSequences":[', "]},"),
        ),
        Way(
            "ollama",
            "/api/chat",
            '"model":"gpt-5.5",',
            "messages",
            '{"role":"user","content":"%s"}',
            ('{"role":"user","content":"a","images":[', '"iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"', "]}"),
            '{"role":"assistant","tool_calls":[{"id":"c%s","function":{"name":"f%s","arguments":{}}}]}',
            '{"role":"tool","tool_call_id":"c%s","content":"a"}',
            '{"type":"function","function":{"name":"f%s"}}',
            ('"options":{"stop":[', "]},"),
        ),
        Way("generate", "/api/generate", '"model":"gpt-5.5",', "images", text='"prompt":"%s"'),
        Way(
            "legacy", "/v1/completions", '"model":"gpt-5.5",', "prompt", text='"prompt":"%s"', stops=('"stop":[', "],")
        ),
        Way("embeddings", "/v1/embeddings", '"model":"text-embedding-3-small",', "input", '"%s"'),
    )
}
"""By name; each model is one that the way must be translated for, where there is one."""

KEYS = 4_500_000
"""Bytes of keys that are fewer than the limit of values."""


def _times(entry: str, size: int, between: str = "") -> str:
    return between.join([entry] * (size // len((entry + between).encode()) or 1))


def _numbered(entry: str, size: int) -> list[str]:
    length, pieces = len(entry.replace("%s", "1234567")) + 1, entry.split("%s")
    return [f"{number:07}".join(pieces) for number in range(size // length or 1)]


# --- any JSON --------------------------------------------------------------------------------------------------------

_TEXTS = {
    "line ends": "\\n",
    "backslashes": "\\\\",
    "quotes": '\\"',
    "brackets in a text": "[",
    "pairs of brackets in a text": "[]",
    "commas in a text": ",",
    "lone surrogates": "\\ud800",
    "letters of four bytes": "\U0001f600",
    "reminders": "<system-reminder>a</system-reminder>",
    "open reminders": "<system-reminder>",
    "prose": "It was a dark, stormy night. ",
}
"""What the one text of a request consists of."""

_EXTRAS = {
    "empty lists": ("[", "[]", "]"),
    "empty objects": ("[", "{}", "]"),
    "numbers": ("[", "1", "]"),
    "empty texts": ("[", '""', "]"),
}
"""What an unknown field consists of."""


def _of_text(way: Way, unit: str) -> Shape:
    return lambda size: way.saying(_times(unit, size))


def _of_extra(way: Way, opened: str, unit: str, closed: str, before: str = "") -> Shape:
    return lambda size: way.saying("a" + before, f'"x":{opened}{_times(unit, size, ",")}{closed},')


def _any(way: Way) -> Iterator[tuple[str, Shape]]:
    for name, unit in _TEXTS.items():
        yield name, _of_text(way, unit)
    for name, (opened, unit, closed) in _EXTRAS.items():
        yield name, _of_extra(way, opened, unit, closed)
    yield "a lone surrogate and empty lists", _of_extra(way, "[", "[]", "]", before="\\ud800")
    yield "one letter of four bytes", lambda size: way.saying("\U0001f600" + "a" * size)
    yield "a long number", lambda size: way.saying("a", f'"x":{"1" * size},')
    yield "many fields", lambda size: way.saying("a", "".join(_numbered('"k%s":1,', size)))
    yield "many keys", lambda size: way.saying("a", '"x":{' + "".join(_numbered('"k%s":1,', size)) + '"z":1},')
    yield "keys and prose", lambda size: _keys_and_prose(way, size)
    yield "nesting", lambda size: way.saying("a", f'"x":{"[" * (size // 2)}{"]" * (size // 2)},')
    yield "white space", lambda size: way.saying("a") + b" " * size
    if '"model"' in way.head:
        yield "a long name of a model", lambda size: way.saying("a").replace(b'"model":"', b'"model":"' + b"m" * size)


def _keys_and_prose(way: Way, size: int) -> bytes:
    """Nearly as many values as are let in, and as long a text as goes with them."""
    keys = "".join(_numbered('"k%s":1,', min(size // 2, KEYS)))
    return way.saying(_times(_TEXTS["prose"], size - len(keys) - 20).replace(",", ""), f'"x":{{{keys}"z":1}},')


# --- chats -----------------------------------------------------------------------------------------------------------


def _chats(way: Way) -> Iterator[tuple[str, Shape]]:
    if way.message:
        yield "many turns", lambda size: way.body(_times(way.message.replace("%s", "a"), size, ","))
        yield "empty turns", lambda size: way.body(_times("{}", size, ","))
    opened, part, closed = way.parts
    if part:
        yield "many parts", lambda size: way.body(opened + _times(part, size, ",") + closed + _end(way))
    if way.call:
        yield "calls answered backwards", lambda size: way.body(_backwards(way, size))
        yield "calls of one turn answered backwards", lambda size: way.body(_backwards(way, size, joined=True))
        yield "tools and calls of them", lambda size: _with_tools(way, size)
        yield "arguments in a text", lambda size: way.body(_deep_arguments(way, size))
    before, after = way.stops
    if before:
        yield "stop sequences", lambda size: way.saying("a", before + ",".join(_numbered('"s%s"', size)) + after)


def _end(way: Way) -> str:
    return "," + way.message.replace("%s", "a")


def _backwards(way: Way, size: int, *, joined: bool = False) -> str:
    calls = _numbered(way.call, size // 2)
    results = _numbered(way.result, size // 2)
    calls, results = calls[: len(results)], results[: len(calls)]
    if joined and way.name == "gemini":
        inner = ",".join(call.removeprefix('{"role":"model","parts":[').removesuffix("]}") for call in calls)
        calls = ['{"role":"model","parts":[' + inner + "]}"]
    return ",".join([*calls, *reversed(results)]) + _end(way)


def _with_tools(way: Way, size: int) -> bytes:
    tools = f'"tools":[{",".join(_numbered(way.tool, size // 2))}],'
    calls = ",".join(
        one
        for pair in zip(_numbered(way.call, size // 4), _numbered(way.result, size // 4), strict=False)
        for one in pair
    )
    return way.body(calls + _end(way), tools)


def _deep_arguments(way: Way, size: int) -> str:
    """A call whose arguments are a text that holds very many values."""
    text = '"{\\"a\\":[' + _times("[]", size, ",") + ']}"'
    call = way.call.replace("%s", "0")
    for plain in ('"arguments":"{}"', '"arguments":{}', '"args":{}', '"input":{}'):
        name = plain.partition(":")[0]
        call = call.replace(
            plain, f"{name}:{text}" if "input" not in plain else f'{name}:{{"a":[{_times("[]", size, ",")}]}}'
        )
    return ",".join([call, way.result.replace("%s", "0")]) + _end(way)


def _inputs(way: Way) -> Iterator[tuple[str, Shape]]:
    """What embeddings are asked of."""
    yield "texts", lambda size: way.body(_times('"a"', size, ","))
    yield "tokens", lambda size: way.body(_times("1", size, ","))
    yield "lists of tokens", lambda size: way.body(_times("[1]", size, ","))


def shapes(way: Way) -> Mapping[str, Shape]:
    """All shapes of a way, by name."""
    return {**dict(_any(way)), **(dict(_inputs(way)) if way.name == "embeddings" else dict(_chats(way)))}
