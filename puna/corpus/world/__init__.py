"""A small, consistent, endless world: one table of facts, and every text, dialog and question derived from it."""
