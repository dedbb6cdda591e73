"""Spanish: as rich as English, with genders, contractions and agreement from tables."""
