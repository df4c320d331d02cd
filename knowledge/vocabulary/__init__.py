"""Between citizens' words and official ones: synonyms and homophones."""

from knowledge.vocabulary.homophones import HomophoneCorrector
from knowledge.vocabulary.synonyms import SynonymTable, common_synonyms

__all__ = ["HomophoneCorrector", "SynonymTable", "common_synonyms"]
