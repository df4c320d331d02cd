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

# For a module's ``pytestmark``: without the browser its tests skip, and in CI that fails (tests/conftest.py).
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (Debian: apt-get install chromium)"),
]
