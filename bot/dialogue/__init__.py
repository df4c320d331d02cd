"""What Rasa loads besides the NLU: its channel and its tracker store."""
