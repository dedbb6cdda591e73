"""German: a smaller repertoire, with genders and cases from tables."""
