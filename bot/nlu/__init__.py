"""Rasa graph components: what a citizen's message is, a dialogue act or a question."""
