"""First in the pipeline: one spelling for every message, and no courtesies around it."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import lexicon, spelling
from bot.nlu.spelling import normalise, strip_courtesies

# Rasa's classifier fails on a message without a single token.
NOTHING_SAID = "?"


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
        """The lexicon and the functions change the result and stand outside the class."""
        return lexicon.fingerprint(__file__, spelling.__file__)

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
