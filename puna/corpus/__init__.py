"""Documents in, clean documents out: the embedded world, real text from files, and the split into training and held-out documents."""
