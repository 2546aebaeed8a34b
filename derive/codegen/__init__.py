"""From a Program to NumPy source: plan (one array operation per step), Python syntax tree, text."""
