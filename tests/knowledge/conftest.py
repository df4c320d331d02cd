"""A knowledge service on a real SQLite file in WAL mode, with all tables, and an embedder without a model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, fake_config
from sqlalchemy.engine import Engine

from knowledge.config import SearchConfig
from knowledge.service import KnowledgeService
from knowledge.store import Item
from wenzheng.database import migrate, open_engine


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("database") / "wenzheng.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def engine(migrated: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "home" / "wenzheng.db"
    path.parent.mkdir()
    shutil.copy(migrated, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def config() -> SearchConfig:
    return fake_config()


@pytest.fixture
def service(engine: Engine, tmp_path: Path, embedder: FakeEmbedder, config: SearchConfig) -> KnowledgeService:
    return KnowledgeService(engine, tmp_path / "home", embedder, config, today=lambda: TODAY)


@pytest.fixture
def publish(service: KnowledgeService) -> Callable[..., KnowledgeService]:
    """Put items into the drafts and publish them; returns the service."""

    def publish_items(*items: Item) -> KnowledgeService:
        service.import_items(items)
        service.publish()
        return service

    return publish_items
