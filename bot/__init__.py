"""The dialogue: training data, Rasa components, and the gateway through which everything enters and leaves."""
