"""Images of synthetic people and their true label maps."""
