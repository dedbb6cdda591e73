"""Post-training: from a model that continues text to one that answers. Today: supervised fine-tuning on dialogs."""
