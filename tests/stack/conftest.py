"""One real stack on the sample city for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TEST_HOME
from tests.stack.running import RunningStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[RunningStack]:
    """``wenzheng up --sample``, ready."""
    with RunningStack(tmp_path_factory.mktemp("stack"), TEST_HOME, "--sample") as running:
        yield running
