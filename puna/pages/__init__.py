"""What offline pages are made of: plots as SVG, numbers as words, one style."""
