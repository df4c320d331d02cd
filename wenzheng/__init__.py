"""Wires the parts together: settings, database, web application, supervisor, command line."""

__version__ = "0.1.0"
