"""The sample city in a home of its own, for what measures and fits in one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.importing import import_paths
from knowledge.service import KnowledgeService
from wenzheng.cli.console import open_knowledge
from wenzheng.settings import PROJECT_ROOT, load_settings

SAMPLE = PROJECT_ROOT / "sample"


@contextmanager
def open_sample(home: Path, publish: bool = True) -> Iterator[KnowledgeService]:
    """A knowledge service on the sample's content; models and vectors are those of the installation."""
    settings = load_settings()
    for name in ("models", "cache"):
        (settings.home_dir / name).mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to((settings.home_dir / name).resolve())
    service = open_knowledge(load_settings(home=home))
    import_paths(service, [SAMPLE / "faq.csv", SAMPLE / "documents"])
    if publish:
        service.publish()
    yield service
