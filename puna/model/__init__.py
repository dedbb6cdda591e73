"""The Llama family: one configuration table, and one forward pass for training, static decoding and the paged engine."""
