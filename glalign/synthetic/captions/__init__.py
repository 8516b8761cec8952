"""Captions of synthetic people, in English and Vietnamese."""
