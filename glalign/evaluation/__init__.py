"""Ranks, metrics, intervals and paired tests; no torch."""
