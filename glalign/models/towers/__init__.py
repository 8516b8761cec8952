"""Networks that turn an image or a caption into features."""
