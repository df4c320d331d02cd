"""The service's Chinese texts, from ``texts.yml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml


@lru_cache(maxsize=1)
def _texts() -> dict[str, str]:
    data = yaml.safe_load(Path(__file__).with_name("texts.yml").read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in data.items()}


def text(name: str, **values: str) -> str:
    """The text called ``name`` with its placeholders filled. Raises KeyError for a name or placeholder unknown."""
    return _texts()[name].format(**values)
