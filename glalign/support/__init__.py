"""Errors, progress, named random streams, torch settings."""
