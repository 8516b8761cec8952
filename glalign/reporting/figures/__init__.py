"""Figures 2 and 3 of the paper for our data."""
