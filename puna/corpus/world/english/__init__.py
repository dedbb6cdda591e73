"""English: the world's first language, with the largest repertoire."""
