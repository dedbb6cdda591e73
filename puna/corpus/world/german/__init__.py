"""German: a grammar and a lexicon, with genders and cases from tables."""
