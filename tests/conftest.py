"""What all tests share: one home whose models are made once; in CI, tests that skip for want of a program fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wenzheng.dialogue import train
from wenzheng.settings import PROJECT_ROOT, load_settings

SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
TEST_HOME = PROJECT_ROOT / "var" / "test"
ALWAYS_OPEN = PROJECT_ROOT / "tests" / "data" / "always_open.yml"
"""A calendar for tests that talk to staff: they run at any time of any day."""


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The dialogue model of the present data; trained when there is none yet."""
    return train(load_settings(home=TEST_HOME))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input; the test is skipped where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real input is not here: ../shared/data")
    return SHARED_DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a test that was skipped for want of a browser or a database server has not been run: a failure."""
    report = yield
    wants = [name for name in ("browser", "postgresql") if item.get_closest_marker(name)]
    if os.environ.get("CI") and report.skipped and wants:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: install what {wants[0]} tests need (.ci/run)"
    return report
