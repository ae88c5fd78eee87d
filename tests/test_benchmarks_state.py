"""The benchmark of the store: it measures whole turns."""

from pathlib import Path

from benchmarks.state import OWNER, make_talk, measure, open_file, take_turns


async def test_its_turns_are_chained_and_kept(tmp_path: Path) -> None:
    talk, store = make_talk(1, 3), open_file(tmp_path / "state.sqlite")
    await take_turns(store, talk)
    assert await store.chain(OWNER, talk[-1].id) == tuple(item for turn in talk for item in turn.input + turn.output)
    await store.aclose()


async def test_each_figure_is_there(tmp_path: Path) -> None:
    figures = {figure.name.strip(): figure.value for figure in await measure(tmp_path, talks=1, rounds=1)}
    assert len(figures) == 6
    assert min(figures.values()) > 0
