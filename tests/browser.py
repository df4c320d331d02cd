"""The one browser of the page tests: Debian's Chromium, headless and cut off from the network."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

import pytest
import uvicorn

CHROMIUM = shutil.which("chromium") or ""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE = 10_000  # ms, until what a page should show is missed
REFUSED = "Failed to load resource"  # what the browser says of refusals and broken lines, which are tested

# Pairs of elements (their classes) that are shown over each other, though neither holds the other.
OVERLAPS = """
(selector) => {
  const shown = [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const over = (a, b) => {
    const [one, two] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    const wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
    const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
    return wide > 1 && high > 1;
  };
  const pairs = shown.flatMap((a, at) => shown.slice(at + 1).map((b) => [a, b]));
  return pairs
    .filter(([a, b]) => !a.contains(b) && !b.contains(a) && over(a, b))
    .map(([a, b]) => `${a.tagName} ${a.innerText} / ${b.tagName} ${b.innerText}`);
}
"""

# For a module's ``pytestmark``: without the browser its tests skip, and in CI that fails (tests/conftest.py).
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)"),
]


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The application on a free port of this machine, for as long as the block runs.

    Returns:
        The address that its pages stand under.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                sleep(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def opened(address: str, first_script: str = "") -> Iterator[Any]:
    """An empty page of a desktop's size whose own scripts may not fail.

    Parameters:
        address: What the paths that it is sent to stand under.
        first_script: JavaScript that runs before anything of a page.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=address)
        page.set_default_timeout(PATIENCE)
        if first_script:
            page.add_init_script(first_script)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        yield page
        browser.close()
        assert [problem for problem in problems if not problem.startswith(REFUSED)] == []
