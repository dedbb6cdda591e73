"""Serving: what fits where and in which format, how fast it answers, what that costs, and what quantization takes from it."""
