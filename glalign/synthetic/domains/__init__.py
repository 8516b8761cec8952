"""Places with a camera, wardrobes and annotators of their own."""
