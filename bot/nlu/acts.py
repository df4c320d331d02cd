"""What the words of a message say about its act, by the lexicon. Imports nothing of Rasa."""

from __future__ import annotations

from bot.nlu import lexicon


def certain_act(text: str) -> str | None:
    """The act that the words settle by themselves, or None.

    Args:
        text: the normalised message.
    """
    for certainty in lexicon.load().certain:
        if certainty.cue.search(text) and not (certainty.unless and certainty.unless.search(text)):
            return certainty.intent
    return None


def bears_out(act: str, text: str) -> bool:
    """Whether the words of a normalised message allow it to be this act and nothing more."""
    words = lexicon.load()
    rule = words.acts.get(act)
    if rule is None:
        return True
    if (rule.needs and not rule.needs.search(text)) or (rule.unless and rule.unless.search(text)):
        return False
    rest = rule.phrases.sub("", text) if rule.phrases else text
    if not rule.curious and words.asking.search(rest):
        return False
    return rule.rest is None or len(words.filler.sub("", rest)) <= rule.rest
