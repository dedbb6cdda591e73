"""English: the world's first language, the model for the others."""
