"""Synthetic people: the embedded default data."""
