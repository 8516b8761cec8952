"""Ranks, metrics and significance; no torch."""
