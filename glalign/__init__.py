"""Reproducible text-based person search: GLAlign and its baselines under one protocol."""

__version__ = "0.1.0"
