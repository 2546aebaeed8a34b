"""Stable rewriting: a Program whose let bodies are accurate and free of warnings in float64 NumPy."""
