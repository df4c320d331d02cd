"""First in the pipeline: one spelling for every message, and no courtesies around it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from opencc import OpenCC
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import lexicon

# Rasa's classifier fails on a message without a single token.
NOTHING_SAID = "?"

_SUBSTANCE = re.compile(r"[^\W_]")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """NFKC, Simplified Chinese, lower case, no runs of spaces.

    Example:
        >>> normalise("我要轉人工！")
        '我要转人工!'
    """
    return " ".join(_simplifier().convert(unicodedata.normalize("NFKC", text)).lower().split())


def strip_courtesies(text: str) -> str:
    """What is left of a normalised message without greeting, "may I ask" and thanks around it.

    A message that is nothing but courtesy is returned whole, because then the courtesy is what it says.
    """
    words = lexicon.load()
    rest = words.courtesy_before.sub("", text)
    rest = words.courtesy_after.sub("", rest)
    return rest if _SUBSTANCE.search(rest) else text


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class CitizenTextNormaliser(GraphComponent):
    """Replaces the text that later components see; the tracker keeps the citizen's own words."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CitizenTextNormaliser:
        """Create the component (see the parent class)."""
        return cls()

    @staticmethod
    def required_packages() -> list[str]:
        """Its version is part of the fingerprint: another conversion table is another model."""
        return ["opencc"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """The lexicon and this module's functions change the result and stand outside the class."""
        return lexicon.fingerprint(__file__)

    def process(self, messages: list[Message]) -> list[Message]:
        """Normalise the text of each message."""
        for message in messages:
            text = message.get(TEXT)
            if text is not None:
                message.set(TEXT, strip_courtesies(normalise(text)) or NOTHING_SAID)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Treat examples as messages are treated."""
        self.process(training_data.training_examples)
        return training_data
