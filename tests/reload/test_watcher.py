"""Saves are noticed without the package that watches files too, as in a user's own environment."""

import asyncio
import sys

from process_core.reload import watcher


async def test_saves_are_noticed_by_looking_where_the_package_watchfiles_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(watcher, "_LOOK", 0.01)
    looked = asyncio.Event()
    loop, stamps = asyncio.get_running_loop(), watcher._stamps

    def look(folders):
        try:
            return stamps(folders)
        finally:
            loop.call_soon_threadsafe(looked.set)

    monkeypatch.setattr(watcher, "_stamps", look)
    file = tmp_path / "flow.py"
    file.write_text("a = 1")
    saves = aiter(watcher.saves(lambda: {tmp_path}))
    for text in ("a = 2", "a = 3"):
        looked.clear()
        noticed = asyncio.ensure_future(anext(saves))
        await looked.wait()
        file.with_suffix(".new").write_text(text)  # as many editors save
        file.with_suffix(".new").replace(file)
        await noticed
    await saves.aclose()
