"""The patterns of ``phrases.yml``."""

from __future__ import annotations

from pathlib import Path

from knowledge.patterns import Patterns

pattern = Patterns(Path(__file__).with_name("phrases.yml")).pattern
