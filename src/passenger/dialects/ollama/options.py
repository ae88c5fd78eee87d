"""Ollama's `options`: what a hosted model has as well, what only a machine of one's own has, and the rest."""

from dataclasses import dataclass

from passenger.decoding import JSON, expect, number, optional, texts

_READ = frozenset(
    {
        "num_predict",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "stop",
        "presence_penalty",
        "frequency_penalty",
    }
)
_MACHINE = frozenset(
    {
        "num_thread",
        "num_gpu",
        "main_gpu",
        "num_batch",
        "use_mmap",
        "use_mlock",
        "numa",
        "low_vram",
        "num_keep",
        "vocab_only",
    }
)
"""How a machine computes, which cannot change an answer: not worth a word."""

_PLACE = "options."


@dataclass(frozen=True, slots=True)
class Options:
    """What they say, in the hub's words; `dropped` in the client's."""

    limit: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    dropped: tuple[str, ...] = ()


def read_options(body: JSON) -> Options:
    """The options; a null is as good as none.

    Raises:
        Failure: one is of the wrong type.
    """
    said = {f"{_PLACE}{name}": value for name, value in (optional(body, "options", dict) or {}).items()}
    return Options(
        limit=_positive(said, "num_predict"),
        temperature=number(said, f"{_PLACE}temperature"),
        top_p=number(said, f"{_PLACE}top_p"),
        top_k=_positive(said, "top_k"),
        seed=_seed(said),
        stop=_stop(said),
        presence_penalty=number(said, f"{_PLACE}presence_penalty"),
        frequency_penalty=number(said, f"{_PLACE}frequency_penalty"),
        dropped=tuple(name for name, value in said.items() if value is not None and _is_left_out(name)),
    )


def _is_left_out(name: str) -> bool:
    return name.removeprefix(_PLACE) not in _READ | _MACHINE


def _positive(said: JSON, name: str) -> int | None:
    """A limit; none of Ollama's runners has one where it is 0, -1 (endless) or -2 (to the end of the context)."""
    value = _whole(said, name)
    return value if value is not None and value > 0 else None


def _seed(said: JSON) -> int | None:
    """The seed; -1 is Ollama's word for any."""
    value = _whole(said, "seed")
    return None if value == -1 else value


def _whole(said: JSON, name: str) -> int | None:
    """An integer; Ollama takes 16.0 for one."""
    value = said.get(f"{_PLACE}{name}")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None if value is None else expect(value, int, f"{_PLACE}{name}")


def _stop(said: JSON) -> tuple[str, ...]:
    name = f"{_PLACE}stop"
    stop = said.get(name)
    if stop is None:
        return ()
    sequences = (stop,) if isinstance(stop, str) else texts(expect(stop, list, name), name)
    return tuple(sequence for sequence in sequences if sequence)
