"""Sizing: how large a model, on how many tokens, how long, on what, and what it costs to serve. NumPy and SciPy, no torch."""
