"""Retrieval models: the contract, backbones, losses and GLAlign."""
