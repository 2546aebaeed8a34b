"""Why a candidate is wrong: what can be said of its results alone, and mistakes tried until one gives its own numbers."""
