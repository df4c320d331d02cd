"""Last in the pipeline: believes the classifier's dialogue act only where the words bear it out.

A missed act costs a citizen one search; a question taken for an act costs the answer. So what is not clearly
an act is a question, except the few acts whose words leave no doubt, above all an emergency.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.nlu import acts, lexicon
from bot.nlu.acts import bears_out, certain_act

QUESTION = "ask_question"
# How sure the classifier must be of its second guess for it to be considered.
RUNNER_UP = 0.25


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class DialogueActGuard(GraphComponent, IntentClassifier):
    """Settles certain acts and turns doubtful ones into questions."""

    @classmethod
    def required_components(cls) -> list[type]:
        """A classifier has to speak first."""
        return [IntentClassifier]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DialogueActGuard:
        """Create the component (see the parent class)."""
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """The lexicon and the functions change the result and stand outside the class."""
        return lexicon.fingerprint(__file__, acts.__file__)

    def process(self, messages: list[Message]) -> list[Message]:
        """Correct the predicted intent of each message where the words say otherwise."""
        for message in messages:
            predicted = (message.get(INTENT) or {}).get(INTENT_NAME_KEY)
            intent = certain_act(message.get(TEXT) or "") or self._borne_out(message, predicted)
            if intent is not None and intent != predicted:
                verdict = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}
                message.set(INTENT, verdict, add_to_output=True)
        return messages

    def _borne_out(self, message: Message, predicted: str | None) -> str | None:
        """The predicted intent, or the runner-up, or a question: the first that the words allow."""
        text = message.get(TEXT) or ""
        if predicted is None or bears_out(predicted, text):
            return predicted
        for guess in message.get(INTENT_RANKING_KEY) or []:
            if guess[PREDICTED_CONFIDENCE_KEY] >= RUNNER_UP and bears_out(guess[INTENT_NAME_KEY], text):
                return str(guess[INTENT_NAME_KEY])
        return QUESTION
