"""Spanish: a smaller repertoire, with genders and contractions from tables."""
