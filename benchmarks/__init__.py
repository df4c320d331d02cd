"""Measurements on the machine at hand; ``docs/benchmarks.md`` keeps the figures and the commands."""
