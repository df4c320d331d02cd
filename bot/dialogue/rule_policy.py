"""Rasa's rules, with one exception to "a form always comes first": danger to life.

Rasa runs an active form before any rule, and a form asks the action server what to make of a message. Who is in danger
must hear the emergency numbers even when that process is down, so the rule for it is followed at once. (While training,
Rasa warns that `RulePolicy` is missing: it looks for the class itself and does not see that this one extends it.)
"""

from __future__ import annotations

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.trackers import DialogueStateTracker

CRISIS = "crisis"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class CitizenRulePolicy(RulePolicy):
    """Follows the rules as `RulePolicy` does, and no form while the last message tells of danger."""

    @staticmethod
    def _find_action_from_loop_happy_path(tracker: DialogueStateTracker) -> tuple[str | None, str | None]:
        if tracker.latest_message and tracker.latest_message.intent_name == CRISIS:
            return None, None
        found: tuple[str | None, str | None] = RulePolicy._find_action_from_loop_happy_path(tracker)
        return found
