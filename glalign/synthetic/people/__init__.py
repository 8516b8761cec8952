"""Identities of synthetic people."""
