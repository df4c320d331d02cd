"""Rasa custom actions: a thin layer between the dialogue and the two services."""
