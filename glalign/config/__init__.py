"""The configuration: its sections as types, loading, checks."""
