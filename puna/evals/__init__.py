"""Measuring models: bits per byte, multiple choice, exact match, the controls that could have won, and intervals for all of them."""
