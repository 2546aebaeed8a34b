"""One module per command; each has `run(arguments)`, which prints and returns the exit code."""
