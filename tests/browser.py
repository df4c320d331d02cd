"""The one browser of the page tests: Debian's Chromium, headless and cut off from the network."""

from __future__ import annotations

import shutil

import pytest

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
