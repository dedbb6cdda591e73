"""Recipes: a graph of stages that raises a model, and a page that shows what came of it."""
