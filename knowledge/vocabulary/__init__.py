"""Between citizens' words and official ones: synonyms and homophones."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.vocabulary.homophones import HomophoneCorrector
from knowledge.vocabulary.synonyms import SynonymTable, common_synonyms

__all__ = ["HomophoneCorrector", "SynonymTable", "Vocabulary", "common_synonyms"]


@dataclass(frozen=True)
class Vocabulary:
    """What a release's questions are read with; without a corrector homophones are left as they are."""

    synonyms: SynonymTable = field(default_factory=common_synonyms)
    homophones: HomophoneCorrector | None = None

    def corrected(self, text: str) -> str:
        """``text`` (normalised) with what only sounds right mended."""
        return self.homophones.correct(text) if self.homophones else text
