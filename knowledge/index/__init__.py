"""Searching pieces of content by meaning and by characters."""
