"""The decision: how large a model to train, from what there is to spend, to read, to serve on, and to reach."""
