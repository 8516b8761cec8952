"""Identities of synthetic people, and what a photograph shows of them."""
